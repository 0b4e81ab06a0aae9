"""The project's text says nothing of the machine it was written on, nor of one package registry."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.docs.reading import ROOT

# Put together here, so that this file does not name them either.
_HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"), ("files", "pythonhosted", "org"), ("registry", "npmjs", "org"),
        ("repo", "maven", "apache", "org"), ("repo1", "maven", "org"), ("central", "sonatype", "com"),
        ("proxy", "golang", "org"), ("crates", "io"), ("rubygems", "org"), ("conda", "anaconda", "org"),
    )
]  # fmt: skip
_HOST = re.compile("|".join(map(re.escape, _HOSTS)))

#: /home/you and /home/earshot stand for nobody's machine.
_MACHINE = re.compile(r"(?<![\w.}~-])/(?:root|Users|work|home/(?!you\b|earshot\b))[\w.-]*/[\w.-]+")


def _texts() -> list[Path]:
    """Return every file that belongs to the project and is text."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, check=False,
    )  # fmt: skip
    if listed.returncode:  # an archive without git: its folders hold the project and nothing else
        found = [path for name in ("schemas", "sinks", "streams", "deploy", "docs", "tests")
                 for path in (ROOT / name).rglob("*")]  # fmt: skip
    else:
        found = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    return [path for path in found if path.is_file() and b"\0" not in path.read_bytes()[:8000]]


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    texts = {
        str(path.relative_to(ROOT)): path.read_text(encoding="utf-8", errors="replace")
        for path in _texts()
    }
    assert len(texts) > 100
    return texts


def _found(texts: dict[str, str], pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{name}: {match[0]}" for name, text in texts.items() for match in pattern.finditer(text)
    ]


def test_no_package_registry_is_named(texts: dict[str, str]) -> None:
    assert _found(texts, _HOST) == []


def test_no_path_of_a_development_machine_is_named(texts: dict[str, str]) -> None:
    assert _found(texts, _MACHINE) == []


def test_this_checkout_and_this_home_are_not_named(texts: dict[str, str]) -> None:
    # a short path, for example /app, may also be a path of a container
    for path in (ROOT, Path.home()):
        if len(path.parts) > 2:
            assert _found(texts, re.compile(re.escape(f"{path}/"))) == []


@pytest.mark.parametrize("folder", ["home/ann", "root", "Users/ann", "work"])
def test_such_a_path_would_be_found(folder: str) -> None:
    for text in (
        f"see /{folder}/a/b",
        f"'/{folder}/a.py'",
        f"(/{folder}/x)",
        f"file:///{folder}/a",
    ):
        assert _MACHINE.search(text), text


@pytest.mark.parametrize(
    ("before", "folder", "after"),
    [
        ("/", "home", "/you/.local/share"),
        ("/", "home", "/earshot/earshot.toml"),
        ("network/", "work", "/x"),
        ("~/", "work", "/a"),
    ],
)
def test_other_paths_are_fine(before: str, folder: str, after: str) -> None:
    assert not _MACHINE.search(before + folder + after)
