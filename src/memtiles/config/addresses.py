"""How addresses and ranges are read: a bare number that YAML would guess at is refused."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import PlainValidator, WithJsonSchema

from memtiles.config.scalars import parsed, text_of
from memtiles.config.source import Scalar
from memtiles.errors import AddressError
from memtiles.memory.address import (
    ADDRESS_FORMS,
    ADDRESS_PATTERN,
    RANGE_FORMS,
    RANGE_PATTERN,
    format_address,
    parse_address,
    parse_range,
    show,
)
from memtiles.memory.span import ADDRESS_LIMIT, Span


def _is_bare(value: object) -> bool:
    """Whether YAML would have guessed at the text: it stands there without quotes and 0x."""
    return isinstance(value, Scalar) and value.plain and not value.lower().startswith("0x")


def _address(value: object) -> int:
    if isinstance(value, int):
        if not 0 <= value < ADDRESS_LIMIT:
            raise ValueError(f"{value} is not a 64-bit address")
        return value
    text = text_of(value)
    if not _is_bare(value):
        return parsed(parse_address, text)
    if (misread := _misread(text)) is None:
        raise ValueError(f"{show(text)} is not an address; {ADDRESS_FORMS}, in quotes")
    # Quotes do not make an address of what has colons.
    raise ValueError(misread if ":" in text else f"{misread} or quote it")


def _misread(text: str) -> str | None:
    """What is wrong with a bare number, and what was probably meant; None for other text."""
    # YAML 1.1 reads 12:34:56 in base 60, as hours, minutes and seconds.
    base_60 = re.fullmatch("[0-9]+(?::[0-5]?[0-9])+", text)
    try:
        meant = format_address(parse_address(text.replace(":", "") if base_60 else text))
    except AddressError:
        return None
    decimal = f' (or "0n{text}" for decimal)' if re.fullmatch("[1-9][0-9]*", text) else ""
    return f"a bare {text} can be misread; write {meant}{decimal}"


def _page_table_root(value: object) -> int | Literal["auto"]:
    return "auto" if isinstance(value, str) and value == "auto" else _address(value)


def _distance(value: object) -> int:
    """How far addresses move: an address's spelling, with a minus for down."""
    if isinstance(value, int):
        return value
    if isinstance(value, str) and value.startswith("-"):
        return -_address(Scalar(value[1:], isinstance(value, Scalar) and value.plain))
    return _address(value)


def _range(value: object) -> Span:
    if isinstance(value, Span):
        return value
    text = text_of(value)
    if not _is_bare(value):
        return parsed(parse_range, text)
    if (misread := _misread(text)) is not None:
        raise ValueError(f"{misread}, and give it an end; {RANGE_FORMS}")
    try:
        meant = parse_range(text)
    except AddressError:
        raise ValueError(
            f"{show(text)} is not a range; {RANGE_FORMS}; without 0x in quotes"
        ) from None
    raise ValueError(f"a bare {text} can be misread; write {meant} or quote it")


Address = Annotated[
    int,
    PlainValidator(_address),
    # YAML itself reads 0x1000 as an integer, and an editor shows the schema what YAML reads.
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": ADDRESS_PATTERN},
                {"type": "integer", "minimum": 0},
            ],
            "examples": ["0xfffff80000800000", "fffff800`00800000"],
        }
    ),
]
PageTableRoot = Annotated[
    int | Literal["auto"],
    PlainValidator(_page_table_root),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": ADDRESS_PATTERN},
                {"type": "integer", "minimum": 0},
                {"const": "auto"},
            ],
            "examples": ["0x1ad000", "auto"],
        }
    ),
]
Distance = Annotated[
    int,
    PlainValidator(_distance),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": ADDRESS_PATTERN.replace("^", "^-?", 1)},
                {"type": "integer"},
            ],
            "examples": ["0x10000", "-0x140000000"],
        }
    ),
]
AddressRange = Annotated[
    Span,
    PlainValidator(_range),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": RANGE_PATTERN,
            "examples": [
                "fffff800`00800000 fffff800`0085e000",
                "fffff800`00800000 L5e001",
                "0xfffff80000800000..0xfffff8000085e001",
                "0xfffff80000800000+0x5e001",
            ],
        }
    ),
]
