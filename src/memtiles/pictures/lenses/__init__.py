"""Lenses: the rules bytes → colour. One file each; this folder's listing is the registry.

A file is called after its lens, with `_` for `-`, and with `_` at its end where Python has the word
for itself: `class_.py`. So one lens is found without a look at the others.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from keyword import iskeyword
from pkgutil import iter_modules
from typing import cast

from memtiles.errors import UsageError
from memtiles.pictures.lens import ColourLens, ValueLens
from memtiles.pictures.numbered import Numbered


@cache
def lens_names() -> tuple[str, ...]:
    """The names of the built-in lenses, in alphabetical order."""
    modules = (module.name for module in iter_modules(__path__))
    return tuple(sorted(module.rstrip("_").replace("_", "-") for module in modules))


@cache
def lenses() -> dict[str, ColourLens | ValueLens]:
    """All built-in lenses by name: the `LENS` of every module in this folder."""
    return {name: _built_in(name) for name in lens_names()}


@cache
def lens(name: str) -> ColourLens | ValueLens:
    """The lens of that name: a built-in one, or one that an installed package brings.

    Args:
        name: May have a number behind a colon, such as `entropy:1024`.

    Raises:
        UsageError: There is none; names the nearest one, and all that there are. Or it takes no
            such number; says which it takes.
    """
    base, colon, number = name.partition(":")
    if base not in lens_names():
        from memtiles.pictures.installed_lenses import installed_lens

        found = installed_lens(name)
        if found is None:
            raise UsageError(_unknown(name, base))
        return found
    return _numbered(_built_in(base), number) if colon else _built_in(base)


def colour_lens(name: str) -> ColourLens:
    """The lens of that name, where pixels are drawn without a palette.

    Raises:
        UsageError: There is none, or it is a value lens.
    """
    found = lens(name)
    if not isinstance(found, ColourLens):
        raise UsageError(f"the lens {name} gives values and no colours; use bytes")
    return found


def _built_in(name: str) -> ColourLens | ValueLens:
    word = name.replace("-", "_")
    module = f"{word}_" if iskeyword(word) else word
    return cast(ColourLens | ValueLens, import_module(f"{__name__}.{module}").LENS)


def _numbered(found: ColourLens | ValueLens, number: str) -> ValueLens:
    if not isinstance(found, Numbered):
        raise UsageError(f"the lens {found.name} takes no number; write {found.name}")
    # More digits than these are no number of any lens, and would take long to read.
    is_number = number.isascii() and number.isdecimal() and len(number) < 10
    if not is_number or int(number) not in found.numbers:
        raise UsageError(
            f"the lens {found.name} takes no number {number[:20]!r}; it takes {found.numbers}"
        )
    return found.with_number(int(number))


def _unknown(name: str, base: str) -> str:
    import difflib

    from memtiles.pictures.installed_lenses import installed_names

    names = (*lens_names(), *installed_names())
    near = difflib.get_close_matches(base[:60].lower(), names, 1)
    hint = f" did you mean {near[0]}?" if near else ""
    return f"no lens {name[:60]!r};{hint} there are: {', '.join(names)}"
