"""The auditor shares no code with what it checks, not even through what it imports."""

from __future__ import annotations

import subprocess
import sys
from pkgutil import iter_modules

import streams.verifying

_LIST = """
import sys
{imports}
print("\\n".join(sys.modules))
"""


def test_nothing_of_the_fold_is_imported() -> None:
    names = [
        f"streams.verifying.{module.name}" for module in iter_modules(streams.verifying.__path__)
    ]
    assert "streams.verifying.recount" in names
    program = _LIST.format(imports="\n".join(f"import {name}" for name in names))
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    loaded = done.stdout.split()
    assert "streams.verifying.stored" in loaded
    forbidden = ("streams.fold", "streams.histories", "streams.scores", "streams.store")
    assert [name for name in loaded if name.startswith(forbidden)] == []
