"""A generated part of a page stands between two comments; the rest of the page is written by hand."""

from __future__ import annotations

from schemas.errors import ConfigError

__all__ = ["part_of", "with_part"]

_BEGIN = "<!-- begin {name}: written by `python -m streams.reference` -->"
_END = "<!-- end {name} -->"


def part_of(page: str, name: str) -> str:
    """Return the generated part of a page.

    Raises:
        ConfigError: The page has no such part, or half of its marks.
    """
    start, end = _bounds(page, name)
    return page[start:end].strip("\n")


def with_part(page: str, name: str, body: str) -> str:
    r"""Return the page with another generated part.

    Raises:
        ConfigError: The page has no such part, or half of its marks.

    >>> marks = "Above.\n" + _BEGIN.format(name="x") + "\nold\n" + _END.format(name="x")
    >>> part_of(with_part(marks, "x", "new"), "x")
    'new'
    """
    start, end = _bounds(page, name)
    return f"{page[:start]}\n{body.strip()}\n\n{page[end:]}"


def _bounds(page: str, name: str) -> tuple[int, int]:
    begin, end = _BEGIN.format(name=name), _END.format(name=name)
    if page.count(begin) != 1 or page.count(end) != 1 or page.index(begin) > page.index(end):
        raise ConfigError(
            f"A page has no generated part {name}.", cure=f"Put these lines into it: {begin} {end}"
        )
    start = page.index(begin) + len(begin) + 1
    return start, page.index(end)
