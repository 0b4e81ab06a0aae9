"""The console script. The base install has only the contracts, so it says what is missing."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Run `earshot`."""
    try:
        from streams.cli.main import main as run
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] in {"streams", "schemas", "sinks"}:
            raise
        sys.exit(
            f"earshot: The command line needs {error.name}, which the contracts alone do not. "
            "Run `pip install '.[worker]'` in a checkout of Earshot, or '.[local]' on a laptop."
        )
    run()


if __name__ == "__main__":
    main()
