"""The parts of `docs` that are written from the code: `python -m streams.reference`."""

from streams.reference.marking import part_of, with_part
from streams.reference.pages import PAGES, Page, stale

__all__ = ["PAGES", "Page", "part_of", "stale", "with_part"]
