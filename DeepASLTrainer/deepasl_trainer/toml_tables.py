"""Frozen dataclasses from TOML: every number is named, none is unknown, each is of its kind."""

from __future__ import annotations

import dataclasses
import tomllib
import types
from importlib import resources
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from deepasl.errors import InputError

T = TypeVar("T")

CONFIGS = "configs"

BASE = "base"
"""Key that names a configuration to go on from. A table that a file gives replaces that of its base as a whole; so
``[draws.flow]`` alone replaces that, and leaves the rest of ``[draws]``."""


def read_table(kind: type[T], path: Path | str) -> T:
    """Read a TOML file, or one that comes with the package by its name, e.g. ``"guided"``.

    Args:
        kind: The dataclass that its tables describe.
        path: The file or name.

    Raises:
        InputError: If it is absent, not TOML, or a number is missing, unknown or of the wrong kind.
    """
    return build(kind, _tables(str(path), ()), str(path))


def _tables(path: str, derived: tuple[str, ...]) -> dict[str, Any]:
    """The tables of a file, and those of the file it names as `base` that it does not give itself."""
    shipped = resources.files("deepasl_trainer") / CONFIGS / f"{path}.toml"
    source = shipped if shipped.is_file() else Path(path)
    try:
        table = tomllib.loads(source.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        remedy = f"Name a TOML file, or one of {', '.join(shipped_configs())}."
        raise InputError(f"the configuration cannot be read ({error})", where=path, remedy=remedy) from error
    base = table.pop(BASE, None)
    if base is None:
        return table
    if not isinstance(base, str) or base in (path, *derived):
        raise InputError(f"{BASE} = {base!r} leads nowhere", where=path, remedy="Name another configuration.")
    return _replaced(_tables(base, (path, *derived)), table)


def _replaced(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """The tables of `base` with those of `own` in their place. A table of nothing but tables stands for these."""
    stands_for = {
        name: _replaced(base[name], table)
        for name, table in own.items()
        if isinstance(base.get(name), dict) and isinstance(table, dict) and _holds_only_tables(table)
    }
    return base | own | stands_for


def _holds_only_tables(table: dict[str, Any]) -> bool:
    return bool(table) and all(isinstance(value, dict) for value in table.values())


def shipped_configs() -> tuple[str, ...]:
    """Names of the configurations that come with the package."""
    folder = resources.files("deepasl_trainer") / CONFIGS
    return tuple(sorted(file.name.removesuffix(".toml") for file in folder.iterdir() if file.name.endswith(".toml")))


def build(kind: type[T], table: dict[str, Any], where: str) -> T:
    """The dataclass that a table of tables (as `dataclasses.asdict` gives) describes.

    Raises:
        InputError: As `read_table` does; also if the dataclass itself refuses the values (ValueError).
    """
    hints = get_type_hints(kind)
    fields = dataclasses.fields(kind)  # type: ignore[arg-type]
    needed = {field.name for field in fields if field.default is dataclasses.MISSING}
    unknown, missing = set(table) - {field.name for field in fields}, needed - set(table)
    if unknown or missing:
        wrong = [f"unknown {name!r}" for name in sorted(unknown)] + [f"missing {name!r}" for name in sorted(missing)]
        what = ", ".join(wrong)
        raise InputError(f"the settings do not fit: {what}", where=where, remedy="See configs/ for complete ones.")
    values = {name: _convert(hints[name], table[name], f"{where}: {name}") for name in table}
    try:
        return kind(**values)
    except ValueError as error:
        raise InputError(f"the settings cannot be: {error}", where=where) from error


def _convert(kind: Any, value: Any, where: str) -> Any:
    """A value of TOML or JSON as the type that a field asks for."""
    if isinstance(kind, type) and dataclasses.is_dataclass(kind) and isinstance(value, dict):
        return build(kind, value, where)
    if get_origin(kind) is Literal:
        if value not in get_args(kind):
            raise InputError(f"one of {', '.join(map(repr, get_args(kind)))} is needed, not {value!r}", where=where)
        return value
    if get_origin(kind) in (Union, types.UnionType):
        (given,) = (part for part in get_args(kind) if part is not type(None))
        return None if value is None else _convert(given, value, where)
    if get_origin(kind) is tuple:
        return _convert_list(get_args(kind), value, where)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not kind:
        raise InputError(f"{getattr(kind, '__name__', kind)} is needed, not {value!r}", where=where)
    return value


def _convert_list(kinds: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise InputError(f"a list is needed, not {value!r}", where=where)
    if kinds[-1] is Ellipsis:
        kinds = (kinds[0],) * len(value)
    if len(kinds) != len(value):
        raise InputError(f"{len(kinds)} values are needed, not {len(value)}", where=where)
    return tuple(_convert(kind, one, where) for kind, one in zip(kinds, value, strict=True))
