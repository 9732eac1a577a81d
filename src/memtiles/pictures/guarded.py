"""Lenses of users, held to the contract: what they get wrong is told, never drawn."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from typing import TypeVar, cast

import numpy as np
import numpy.typing as npt

from memtiles.errors import LensError, UsageError
from memtiles.pictures.layout import Bits
from memtiles.pictures.lens import Bytes, ColourLens, Surroundings, Swatch, ValueLens
from memtiles.pictures.palette import STRENGTHS
from memtiles.pictures.patience import HungError, within
from memtiles.pictures.zoom import Foremost, Highest, Mean, Zoom

MOST_SECONDS = 1.0
"""For one call: of at most a few MiB."""

HUNG_SECONDS = 5.0
"""After which a call is not waited for any longer."""

Array = TypeVar("Array", Bytes, "npt.NDArray[np.bool_] | None")

_NAME = re.compile(r"[a-z0-9-]+")
_COLOUR = re.compile(r"#[0-9a-f]{6}")
_LARGEST_BLOCK = 4096
_MOST_CATEGORIES = 8
_HIGHEST_CATEGORY = STRENGTHS[1].offset - 1  # above it are the same ones in other strengths


class _Guarded:
    """What the two sorts have in common."""

    def __init__(self, lens: ColourLens | ValueLens, digest: str) -> None:
        self.name = lens.name
        self.version = int(getattr(lens, "version", 1))
        self.summary = lens.summary
        self.zoom: Zoom = lens.zoom
        self.legend: tuple[Swatch, ...] = tuple(Swatch(*line) for line in lens.legend)
        self._digest = digest

    def _called(self, what: str, call: Callable[[], object]) -> object:
        """What a call gives. A slow one is done again: a busy machine makes any call slow once.

        Raises:
            LensError: It raised something, took too long, or never came back.
        """
        for _ in range(2):
            start = time.perf_counter()
            try:
                found = within(HUNG_SECONDS, call)
            except HungError:
                raise self._wrong(
                    f"{what} did not come back from a call within {HUNG_SECONDS:g} seconds"
                ) from None
            except (Exception, SystemExit) as error:
                reason = " ".join(f"{type(error).__name__}: {error}".split())
                raise self._wrong(f"{what} raised {reason}") from error
            seconds = time.perf_counter() - start
            if seconds <= MOST_SECONDS:
                return found
        raise self._wrong(
            f"{what} took {seconds:.1f} seconds for one call; at most {MOST_SECONDS:g} is allowed"
        )

    def _array(self, what: str, found: object, shape: tuple[int, ...]) -> Bytes:
        """What a call gave, if it is bytes of that shape.

        Raises:
            LensError: It is something else.
        """
        if not isinstance(found, np.ndarray):
            raise self._wrong(f"{what} gave {type(found).__name__}, not a numpy array")
        if found.dtype != np.uint8:
            raise self._wrong(f"{what} gave {found.dtype}, not uint8")
        if found.shape != shape:
            raise self._wrong(f"{what} gave the shape {found.shape}, not {shape}")
        return found

    def _wrong(self, reason: str) -> LensError:
        return LensError(f"lens {self.name}: {reason}")


class GuardedValues(_Guarded):
    """A value lens that is not trusted."""

    def __init__(self, lens: ValueLens, digest: str) -> None:
        super().__init__(lens, digest)
        self.block = lens.block
        self.palette = lens.palette
        self._lens = lens
        self._allowed: npt.NDArray[np.bool_] = np.ones(256, np.bool_)
        self._allowed[0] = False
        if isinstance(lens.zoom, Foremost):
            self._allowed[:] = False
            self._allowed[[*lens.zoom.order, *lens.zoom.filling]] = True

    def values(self, data: Bytes, present: npt.NDArray[np.bool_] | None) -> Bytes:
        lens = self._lens
        found = self._called("values", lambda: lens.values(_unwritten(data), _unwritten(present)))
        values = self._array("values", found, data.shape)
        wrong = ~self._allowed.take(values)
        if present is not None:
            wrong &= present
        if wrong.any():
            value = int(values[np.unravel_index(wrong.argmax(), wrong.shape)])
            reason = "which is for missing bytes" if value == 0 else "which its zoom does not name"
            raise self._wrong(f"values gave a byte that is present the value {value}, {reason}")
        return values

    def for_dump(self, surroundings: Surroundings) -> GuardedValues:
        if not hasattr(self._lens, "for_dump"):
            return self
        lens = self._lens
        bound = self._called("for_dump", lambda: lens.for_dump(surroundings))
        if bound is lens:
            return self
        try:
            checked = _checked(bound, "for_dump")
        except UsageError as error:
            raise self._wrong(str(error)) from None
        if not _is_value_lens(checked) or checked.name != self.name:
            raise self._wrong("for_dump gave another lens")
        return GuardedValues(cast(ValueLens, checked), self._digest)

    @property
    def key(self) -> str:
        own = self._called("key", lambda: str(getattr(self._lens, "key", "")))
        return f"{self._digest} {own}".rstrip()


class GuardedColours(_Guarded):
    """A colour lens that is not trusted.

    Attributes:
        version: The lens's own, and what its code is: colour lenses have no key besides.
    """

    def __init__(self, lens: ColourLens, digest: str) -> None:
        super().__init__(lens, digest)
        both = sha256(f"{self.version} {digest}".encode()).hexdigest()
        self.version = int(both[:12], 16)  # below 2**53, as numbers in JSON have to be
        self._lens = lens

    def bands(self, bits: Bits) -> int:
        lens = self._lens
        found = self._called("bands", lambda: lens.bands(bits))
        if type(found) is not int or found not in (1, 3):
            raise self._wrong(f"bands gave {found!r}, not 1 or 3")
        return found

    def colours(self, pixels: Bytes) -> Bytes:
        lens = self._lens
        bits = cast(Bits, 8 * pixels.shape[2])
        shape = (*pixels.shape[:2], self.bands(bits))
        found = self._called("colours", lambda: lens.colours(_unwritten(pixels)))
        return self._array("colours", found, shape)


def guarded(lens: object, source: str, digest: str) -> GuardedColours | GuardedValues:
    """The lens, held to the contract.

    Args:
        lens: What somebody says is one.
        source: Where it comes from, for messages.
        digest: What its code is: part of every key.

    Raises:
        UsageError: It lacks something, or something of it is of the wrong sort.
    """
    checked = _checked(lens, source)
    if _is_value_lens(checked):
        return GuardedValues(cast(ValueLens, checked), digest)
    return GuardedColours(cast(ColourLens, checked), digest)


def _is_value_lens(lens: object) -> bool:
    return hasattr(lens, "values")


def _checked(lens: object, source: str) -> ColourLens | ValueLens:
    for attribute, is_right, wanted in _contract(lens):
        try:
            found = within(HUNG_SECONDS, partial(getattr, lens, attribute))
        except HungError:
            raise UsageError(f"{source}: {attribute} does not come back") from None
        except AttributeError:
            raise UsageError(f"{source}: LENS lacks {attribute}: {wanted}") from None
        except (Exception, SystemExit) as error:  # it is a property, and so the user's code
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            raise UsageError(f"{source}: {attribute} raised {reason}") from None
        if not is_right(found):
            raise UsageError(f"{source}: {attribute} is not {wanted}")
    return cast(ColourLens | ValueLens, lens)


_Rule = tuple[str, Callable[[object], bool], str]


def _contract(lens: object) -> tuple[_Rule, ...]:
    """What a lens has: attribute, what is right, and that in words."""
    common: tuple[_Rule, ...] = (
        ("name", _is_name, "a word of the characters a-z, 0-9 and -"),
        ("summary", _is_line, "one line of text"),
        (
            "zoom",
            _is_zoom,
            "Mean(), Highest() or a Foremost of 2 to 8 values from 1 to 31, some of them filling",
        ),
        ("legend", _is_legend, "a tuple of Swatch('#rrggbb', 'label'), at least one"),
    )
    if hasattr(lens, "version"):
        common += (("version", lambda found: type(found) is int, "a whole number"),)
    if not _is_value_lens(lens) and hasattr(lens, "colours"):
        return (
            *common,
            ("bands", callable, "a method that gives 1 or 3"),
            ("colours", callable, "a method"),
        )
    return (
        *common,
        ("block", _is_block, f"a power of two from 1 to {_LARGEST_BLOCK:,}"),
        ("palette", _is_palette, "a numpy array of uint8 of the shape (256, 3)"),
        ("values", callable, "a method that gives each byte a value; or `colours`, of a pixel"),
    )


def _is_name(found: object) -> bool:
    return isinstance(found, str) and _NAME.fullmatch(found) is not None


def _is_line(found: object) -> bool:
    return isinstance(found, str) and found.isprintable() and bool(found)


def _is_zoom(found: object) -> bool:
    if type(found) is not Foremost:
        return type(found) in (Mean, Highest)
    try:
        order, filling = tuple(found.order), tuple(found.filling)
    except TypeError:
        return False
    values = (*order, *filling)
    return (
        bool(order and filling)
        and len(values) <= _MOST_CATEGORIES
        and all(type(value) is int and 1 <= value <= _HIGHEST_CATEGORY for value in values)
        and len(set(values)) == len(values)
    )


def _is_legend(found: object) -> bool:
    return isinstance(found, tuple) and bool(found) and all(map(_is_swatch, found))


def _is_swatch(found: object) -> bool:
    return (
        isinstance(found, tuple)
        and len(found) == 2
        and isinstance(found[0], str)
        and _COLOUR.fullmatch(found[0]) is not None
        and _is_line(found[1])
    )


def _is_block(found: object) -> bool:
    return type(found) is int and 1 <= found <= _LARGEST_BLOCK and not found & (found - 1)


def _is_palette(found: object) -> bool:
    return isinstance(found, np.ndarray) and found.dtype == np.uint8 and found.shape == (256, 3)


def _unwritten(array: Array) -> Array:
    """The array so that a lens cannot write to it."""
    if array is None:
        return array
    view = array.view()
    view.flags.writeable = False
    return view
