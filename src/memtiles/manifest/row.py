"""What all rows of a manifest have in common: their scalars, and how they become JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from typing import Annotated, Any, ClassVar, get_type_hints

from pydantic import BeforeValidator, ConfigDict, PlainSerializer
from pydantic import Field as Key

_HEX = re.compile("0x[0-9a-f]{1,17}")


def _from_hex(value: object) -> object:
    if isinstance(value, str) and _HEX.fullmatch(value):
        return int(value, 16)
    raise ValueError("a hex string such as 0x1000 is needed")


Hex = Annotated[
    int,
    BeforeValidator(_from_hex, json_schema_input_type=str),
    PlainSerializer(hex, return_type=str),
    # A size can be 2**64, an address not quite.
    Key(le=1 << 64, json_schema_extra={"type": "string", "pattern": "^0x[0-9a-f]+$"}),
]
# Pixels, counts and indices: `true` is none of them, though Python takes it for 1.
Count = Annotated[int, Key(ge=0, le=1 << 62, strict=True)]
Side = Annotated[int, Key(ge=1, le=1 << 60, strict=True)]
Digest = Annotated[str, Key(pattern="^[0-9a-f]{64}$")]


class Row:
    """A JSON object with exactly the keys that are declared.

    Plain dataclasses: of 65,536 regions there are 400,000 rows, which as models would take as many
    KiB.
    """

    __slots__ = ()
    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")

    def json_pieces(self) -> Iterator[bytes]:
        """Its JSON in ASCII, with sorted keys: in one piece, but for objects with long tables."""
        yield _json(self)


class TableRow(Row):
    """An object with tables of very many rows, which would take much room as one text."""

    __slots__ = ()

    def json_pieces(self) -> Iterator[bytes]:
        for number, name in enumerate(sorted(_keys(self))):
            yield (b"," if number else b"{") + _json(name) + b":"
            value = getattr(self, name)
            if isinstance(value, list) and value and isinstance(value[0], Row):
                for at, item in enumerate(value):
                    yield b"," if at else b"["
                    yield from item.json_pieces()
                yield b"]"
            else:
                yield _json(_plain(self, name))
        yield b"}"


def _json(value: object) -> bytes:
    return _encoder().encode(value).encode("ascii")


@cache
def _encoder() -> json.JSONEncoder:
    return json.JSONEncoder(default=_as_dict, sort_keys=True, separators=(",", ":"))


def _as_dict(row: Row) -> dict[str, object]:
    return {name: _plain(row, name) for name in _keys(row)}


def _plain(row: Row, name: str) -> object:
    value = getattr(row, name)
    return hex(value) if _keys(row)[name] else value


def _keys(row: Row) -> dict[str, bool]:
    """The keys of an object, and which are written in hex."""
    # mypy asks of the class whether its instances have a hash.
    return _keys_of(type(row))  # type: ignore[arg-type]


@cache
def _keys_of(kind: Any) -> dict[str, bool]:
    hints = get_type_hints(kind, include_extras=True)
    return {one.name: hints[one.name] == Hex for one in fields(kind)}
