"""docs/settings.md: every setting."""

from __future__ import annotations

import types
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from streams.reference.markdown import code, table
from streams.settings import Settings

__all__ = ["setting_names", "settings_part"]

_TYPES: dict[Any, str] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    Path: "path",
    SecretStr: "secret",
}
_BOUNDS: tuple[tuple[type, str, str], ...] = (
    (Ge, "ge", "at least"), (Gt, "gt", "more than"), (Le, "le", "at most"), (Lt, "lt", "less than"),
)  # fmt: skip


def setting_names() -> list[str]:
    """Return the name of every setting, as `group.name`."""
    return [f"{group}.{name}" for group, model in _groups() for name in model.model_fields]


def settings_part() -> str:
    """Return one table for each group of settings."""
    parts = []
    for group, model in _groups():
        rows = [
            (
                code(f"{group}.{name}"),
                code(f"EARSHOT_{group.upper()}__{name.upper()}"),
                _type(field),
                _default(field),
                field.description or "",
            )
            for name, field in model.model_fields.items()
        ]
        doc = (model.__doc__ or "").strip().split("\n\n", 1)[0]
        listed = table(["setting", "variable", "type", "default", "meaning"], rows)
        parts.append(f"## `{group}`\n\n{doc}\n\n{listed}")
    return "\n\n".join(parts)


def _groups() -> list[tuple[str, type[BaseModel]]]:
    found = []
    for name, field in Settings.model_fields.items():
        assert isinstance(field.annotation, type)  # noqa: S101 - every field is a group
        found.append((name, field.annotation))
    return found


def _type(field: FieldInfo) -> str:
    annotation, limits = field.annotation, list(field.metadata)
    if get_origin(annotation) is Annotated:
        annotation, *more = get_args(annotation)
        limits += [limit for info in more for limit in getattr(info, "metadata", [info])]
    if get_origin(annotation) in (Union, types.UnionType):
        annotation = next(part for part in get_args(annotation) if part is not type(None))
    if get_origin(annotation) is Literal:
        return ", ".join(code(value) for value in get_args(annotation))
    bounds = [
        f"{word} {getattr(limit, attribute):,}".replace(",", " ")
        for kind, attribute, word in _BOUNDS
        for limit in limits
        if isinstance(limit, kind)
    ]
    return ", ".join([_TYPES[annotation], *bounds])


def _default(field: FieldInfo) -> str:
    value = field.default
    if value is PydanticUndefined:
        return "required"
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if value is None or value == "":
        return "empty"
    return code(str(value).lower() if isinstance(value, bool) else value)
