"""docs/cli.md: every command, argument and option."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import typer.main

from streams.reference.markdown import code, table

__all__ = ["commands", "commands_part"]

_TYPES: dict[Any, str] = {str: "text", int: "whole number", float: "number", Path: "path"}


def commands(app: typer.Typer) -> list[tuple[str, Any]]:
    """Return every command that is not hidden, with its full name, groups before their members."""
    return list(_walk("earshot", typer.main.get_command(app)))[1:]


def commands_part(app: typer.Typer) -> str:
    """Return one section a command."""
    found = commands(app)
    listed = table(
        ["command", "does"],
        [
            (f"[{code(name)}](#{name.replace(' ', '-')})", _first(command))
            for name, command in found
        ],
    )
    return "\n\n".join([listed, *(_section(name, command) for name, command in found)])


def _walk(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    if command.hidden:
        return
    yield name, command
    for inner in getattr(command, "commands", {}).values():
        yield from _walk(f"{name} {inner.name}", inner)


def _section(name: str, command: Any) -> str:
    params = [p for p in command.params if not getattr(p, "hidden", False) and p.name != "help"]
    arguments = [p for p in params if p.param_type_name == "argument"]
    options = [p for p in params if p.param_type_name == "option"]
    usage = [name, *(_metavar(p) for p in arguments)]
    if hasattr(command, "commands"):
        usage.append("COMMAND")
    usage += ["[OPTIONS]"] * bool(options)
    parts = [f"## {name}", f"```sh\n{' '.join(usage)}\n```", _help(command)]
    if arguments:
        rows = [(code(_metavar(p)), _type(p), _default(p), p.help or "") for p in arguments]
        parts.append(table(["argument", "type", "default", "meaning"], rows))
    if options:
        rows = [(_names(p), _type(p), _default(p), p.help or "") for p in options]
        parts.append(table(["option", "type", "default", "meaning"], rows))
    return "\n\n".join(part for part in parts if part)


def _help(command: Any) -> str:
    paragraphs = (command.help or "").strip().split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _first(command: Any) -> str:
    return _help(command).split("\n\n", 1)[0]


def _metavar(param: Any) -> str:
    return str(param.metavar or param.name.upper())


def _names(param: Any) -> str:
    return ", ".join(code(name) for name in [*param.opts, *param.secondary_opts])


def _type(param: Any) -> str:
    if getattr(param, "is_flag", False):
        return "flag"
    annotation = param.type_descriptor.annotation
    if get_origin(annotation) is list:
        return f"{_type_name(get_args(annotation)[0])}, may be repeated"
    bounds = [
        f"{word} {getattr(param, end)}"
        for end, word in (("min", "at least"), ("max", "at most"))
        if getattr(param, end, None) is not None
    ]
    return ", ".join([_type_name(annotation), *bounds])


def _type_name(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return ", ".join(code(value) for value in get_args(annotation))
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return ", ".join(code(member.value) for member in annotation)
    return _TYPES[annotation]


def _default(param: Any) -> str:
    default = param.default
    if param.required:
        return "required"
    if callable(default) or default is None or default is False or default == "":
        return ""
    if not getattr(param, "show_default", True):
        return ""
    return code("on" if default is True else _plain(default))


def _plain(value: Any) -> str:
    return str(value.value if isinstance(value, enum.Enum) else value)
