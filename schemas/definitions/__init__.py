"""Read definitions: from the file shipped with Earshot, or from one of the user's."""

from schemas.definitions.parsing import load_measures, parse_measures

__all__ = ["load_measures", "parse_measures"]
