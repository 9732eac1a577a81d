"""How one value of a config is read: from its source text, with a sentence for what is wrong.

Each type here takes a Scalar from a file, and also the plain Python value, so that a Config can be
made in code.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Literal, TypeVar
from unicodedata import category

from pydantic import BeforeValidator, PlainValidator, ValidationInfo, WithJsonSchema

from memtiles.crop import CROP_PATTERN, Crop, parse_crop
from memtiles.errors import AddressError, LayoutError
from memtiles.limits import FINEST_DPI
from memtiles.memory.address import SIZE_PATTERN, parse_size, show

NO_ITEMS = "is an empty list; give at least one item or remove the key"
LONGEST_TEXT = 4096
WIDEST = 65_536
LARGEST_PID = (1 << 31) - 1

Value = TypeVar("Value")


def nearest(word: str, words: Iterable[str]) -> str:
    """`; did you mean …?` for the nearest of the words, or nothing where none is near."""
    found = difflib.get_close_matches(word[:60].lower(), words, 1)
    return f"; did you mean {found[0]}?" if found else ""


def text_of(value: object) -> str:
    """The text of a value.

    Raises:
        ValueError: It is none, is empty or endless, or has a control character.
    """
    if not isinstance(value, str):
        raise ValueError(f"must be text, not {_shape(value)}")
    if not value:
        raise ValueError("is empty; write at least one character")
    if len(value) > LONGEST_TEXT:
        raise ValueError(f"is longer than {LONGEST_TEXT} characters")
    if any(category(character) in ("Cc", "Cs") for character in value):
        raise ValueError(f"{show(value)} has a control character; write printable text")
    return str(value)


def _shape(value: object) -> str:
    return {"dict": "a mapping", "list": "a list"}.get(name := type(value).__name__, name)


def _path(value: object, info: ValidationInfo) -> Path:
    folder = info.context["folder"] if info.context else Path()
    # `..` is taken out as text, which is right because the config's own folder has no links in it;
    # `resolve` would follow a link in the last place too, and hide an output folder that is one.
    path = value if isinstance(value, Path) else text_of(value)
    return Path(os.path.normpath(Path(folder, path)))


def _slug(value: object) -> str:
    text = text_of(value)
    if not re.fullmatch("[a-z0-9-]{1,40}", text):
        raise ValueError(f"{show(text)} must be 1 to 40 of a-z, 0-9 and -")
    return text


def _whole(value: object, least: int, most: int, also: str = "") -> int:
    text = str(value) if isinstance(value, int) else text_of(value)
    if re.fullmatch("0|[1-9][0-9]{0,18}", text) and least <= int(text) <= most:
        return int(text)
    raise ValueError(f"{show(text)} must be {also}a whole number from {least} to {most}")


def _width(value: object) -> int | Literal["find"] | None:
    if value is None or value == "auto":
        return None
    if value == "find":
        return "find"
    return _whole(value, 1, WIDEST, "auto, find or ")


def _width_override(value: object) -> int | Literal["auto", "find"]:
    return "auto" if (width := _width(value)) is None else width


def _pid(value: object) -> int:
    return _whole(value, 1, LARGEST_PID)


def parsed(parse: Callable[[str], Value], text: str) -> Value:
    """What the text spells; pydantic collects the mistakes only of ValueErrors."""
    try:
        return parse(text)
    except (AddressError, LayoutError) as error:
        raise ValueError(str(error)) from None


def _size(value: object) -> int:
    return parsed(parse_size, str(value) if isinstance(value, int) else text_of(value))


def _positive_size(value: object) -> int:
    if (size := _size(value)) == 0:
        raise ValueError("must be at least one byte")
    return size


def _size_or_never(value: object) -> int | None:
    return None if value is None or value == "never" else _size(value)


def _crop(value: object) -> Crop:
    return value if isinstance(value, Crop) else parsed(parse_crop, text_of(value))


def _dpi(value: object) -> int:
    return _whole(value, 1, FINEST_DPI)


def _aspect(value: object) -> tuple[int, int]:
    text = "{}:{}".format(*value) if isinstance(value, tuple) else text_of(value)
    found = re.fullmatch("([1-9][0-9]{0,4}):([1-9][0-9]{0,4})", text)
    if found is None:
        raise ValueError(f'{show(text)} must be "WIDTH:HEIGHT" in whole numbers, such as "16:9"')
    width, height = int(found[1]), int(found[2])
    if not height <= 100 * width <= 10_000 * height:
        raise ValueError(f"{show(text)} must lie between 1:100 and 100:1")
    return width, height


def one_of(*allowed: object) -> BeforeValidator:
    """Reads one of the allowed values from its text, and suggests the nearest for another."""
    table = {str(value): value for value in allowed}
    choice = f"one of {', '.join(table)}" if len(table) > 1 else next(iter(table))

    def read(value: object) -> object:
        text = str(value) if isinstance(value, int) else text_of(value)
        if text not in table:
            raise ValueError(f"{show(text)} must be {choice}{nearest(text, table)}")
        return table[text]

    return BeforeValidator(read)


_SIZE_SCHEMA = {
    "anyOf": [{"type": "string", "pattern": SIZE_PATTERN}, {"type": "integer", "minimum": 0}],
    "examples": ["1MiB", "64GiB", "0x1000"],
}
_WIDTH_SCHEMA = {
    "anyOf": [
        {"const": "auto"},
        {"const": "find"},
        {"type": "integer", "minimum": 1, "maximum": WIDEST},
    ],
}

Text = Annotated[
    str,
    PlainValidator(text_of),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT}),
]
FilePath = Annotated[
    Path,
    PlainValidator(_path),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT}),
]
Slug = Annotated[
    str,
    PlainValidator(_slug),
    WithJsonSchema({"type": "string", "pattern": "^[a-z0-9-]{1,40}$"}),
]
Size = Annotated[int, PlainValidator(_size), WithJsonSchema(_SIZE_SCHEMA)]
PositiveSize = Annotated[int, PlainValidator(_positive_size), WithJsonSchema(_SIZE_SCHEMA)]
SizeOrNever = Annotated[
    int | None,
    PlainValidator(_size_or_never),
    WithJsonSchema({"anyOf": [{"const": "never"}, *_SIZE_SCHEMA["anyOf"]]}),
]
Pid = Annotated[
    int,
    PlainValidator(_pid),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": LARGEST_PID}),
]
Width = Annotated[
    int | Literal["find"] | None, PlainValidator(_width), WithJsonSchema(_WIDTH_SCHEMA)
]
WidthOverride = Annotated[
    int | Literal["auto", "find"], PlainValidator(_width_override), WithJsonSchema(_WIDTH_SCHEMA)
]
Aspect = Annotated[
    tuple[int, int],
    PlainValidator(_aspect),
    WithJsonSchema({"type": "string", "pattern": "^[1-9][0-9]{0,4}:[1-9][0-9]{0,4}$"}),
]
CropText = Annotated[
    Crop,
    PlainValidator(_crop),
    WithJsonSchema(
        {"type": "string", "pattern": CROP_PATTERN, "examples": ["100x18400+9150+0"]},
    ),
]
Dpi = Annotated[
    int,
    PlainValidator(_dpi),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": FINEST_DPI}),
]
RegionText = Annotated[
    str,
    PlainValidator(text_of),
    # YAML itself reads an address such as 0x1000 as an integer.
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT},
                {"type": "integer", "minimum": 0},
            ],
            "examples": ["hal.dll", "0xfffff80000800000"],
        }
    ),
]
