"""The pages of the project, and what is in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(.*?) *$", re.MULTILINE)


class Block(NamedTuple):
    """A fenced block of a page."""

    page: str
    language: str
    text: str


def blocks(language: str) -> list[Block]:
    """Return every block in a language, on all pages."""
    return [
        Block(page.name, found, text)
        for page in PAGES
        for found, text in _FENCE.findall(page.read_text(encoding="utf-8"))
        if found == language
    ]


def links(page: Path) -> list[str]:
    """Return the targets of the links of a page, outside of code."""
    text = re.sub(r"`[^`\n]*`", "code", _without_code(page))
    return _LINK.findall(text)


def anchors(page: Path) -> set[str]:
    """Return the anchors a page's headings get."""
    return {_slug(heading) for heading in _HEADING.findall(_without_code(page))}


def commands_shown() -> Iterator[tuple[str, list[str]]]:
    """Return the page and the words of every `earshot ...` in a block for a shell."""
    for language in ("sh", "console", ""):
        for block in blocks(language):
            for line in block.text.replace("\\\n", " ").splitlines():
                words = line.removeprefix("$ ").split("#")[0].split()
                if words[:1] == ["earshot"]:
                    yield block.page, words


def code_files() -> list[Path]:
    """Return the files users may see messages, comments or SQL of."""
    return [
        path
        for package in ("schemas", "sinks", "streams", "deploy")
        for path in sorted((ROOT / package).rglob("*"))
        if path.suffix in {".py", ".sql", ".toml", ".avsc"}
    ]


def _without_code(page: Path) -> str:
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def _slug(heading: str) -> str:
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
