"""Names of lenses in a config: built-in ones, those of installed packages, and files of the user's.

What a number behind a colon may be only the lens knows; the plan asks it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import BeforeValidator, ValidationInfo, WithJsonSchema

from memtiles.config.notyet import NOT_YET
from memtiles.config.scalars import nearest, text_of
from memtiles.memory.address import show

BuiltIn = Literal["bytes", "class", "entropy", "gradient", "pointers", "words", "words-big"]
BUILT_IN: tuple[str, ...] = get_args(BuiltIn)

_NAME = re.compile(r"([a-z0-9-]{1,40})(:[0-9]{1,9})?")
_ENDING = ".py"


def is_file(name: str) -> bool:
    """Whether a lens is the user's own: the path of a Python file."""
    return name.endswith(_ENDING)


def _lens_name(value: object, info: ValidationInfo) -> str:
    text = text_of(value)
    if is_file(text):
        folder = info.context["folder"] if info.context else Path()
        return os.path.normpath(Path(folder, text))
    found = _NAME.fullmatch(text)
    if found is None or (found[1] not in BUILT_IN and found[1] not in _installed()):
        near = nearest(text.partition(":")[0], BUILT_IN)
        known = ", ".join(BUILT_IN)
        raise ValueError(f"{show(text)} is no lens{near}; there are {known}, and .py files")
    return text


def _installed() -> set[str]:
    from importlib.metadata import entry_points

    return {one.name for one in entry_points(group="memtiles.lenses")}


LensName = Annotated[
    str,
    BeforeValidator(_lens_name),
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": list(BUILT_IN)},
                {
                    "type": "string",
                    "pattern": f"^{_NAME.pattern}$",
                    "not": {"enum": list(NOT_YET["pictures.lenses[]"].values)},
                },
                {"type": "string", "pattern": r"\.py$"},
            ],
            "examples": ["class", "entropy:1024", "my_lens.py"],
        }
    ),
]
