"""Text ↔ addresses, ranges and sizes: the only place that knows the grammar.

People write addresses as WinDbg prints them, where the radix is 16 unless a prefix says otherwise
and the end of a range is the last address in it. Here they become numbers and half-open spans.
"""

from __future__ import annotations

import re

from memtiles.errors import AddressError
from memtiles.memory.span import ADDRESS_LIMIT, Span

ADDRESS_FORMS = (
    "write 0x and hex digits, or WinDbg's fffff800`00800000, 0n decimal, 0t octal or 0y binary"
)
RANGE_FORMS = (
    "write START END (WinDbg's: END is in the range), START Lsize, START L?size, START L-size, "
    "0xSTART..0xEND (END is not in the range) or 0xSTART+0xSIZE"
)
SIZE_FORMS = "write bytes such as 4096 or 0x1000, or a whole number with KiB, MiB, GiB or TiB"

_HEX = "(?:[0-9a-fA-F]{1,8}`[0-9a-fA-F]{8}|[0-9a-fA-F]{1,16})"
_WIDE_HEX = f"(?:{_HEX}|10000000000000000)"
_OTHER_RADIX = "0[nN][0-9]{1,20}|0[tT][0-7]{1,22}|0[yY][01]{1,64}"
_NUMBER = f"(?:(?:0[xX])?{_HEX}|{_OTHER_RADIX})"

# For editors: what the functions below accept, short of what only arithmetic can tell.
ADDRESS_PATTERN = f"^\\s*{_NUMBER}\\s*$"
RANGE_PATTERN = (
    f"^\\s*(?:{_NUMBER}\\s+(?:{_NUMBER}|[lL][?-]?\\s*(?:(?:0[xX])?{_WIDE_HEX}|{_OTHER_RADIX}))"
    f"|0[xX]{_HEX}\\s*(?:\\.\\.|\\+)\\s*0[xX]{_WIDE_HEX})\\s*$"
)
SIZE_PATTERN = (
    "^\\s*(?:0[xX][0-9a-fA-F]{1,16}|(?:0|[1-9][0-9]{0,19})\\s*(?:[KkMmGgTt][Ii][Bb])?)\\s*$"
)

_RADIX = {"0x": (16, "x", "a hex"), "0n": (10, "d", "a decimal"), "0t": (8, "o", "an octal")}
_RADIX["0y"] = (2, "b", "a binary")

_UNITS = {"": 0, "kib": 10, "mib": 20, "gib": 30, "tib": 40}


def show(text: str) -> str:
    """Foreign text as it may stand in an error message: quoted, on one line, not endless."""
    return repr(text if len(text) <= 60 else f"{text[:60]}…")


def _number(text: str, most: int, forms: str) -> int:
    """The number `text` in WinDbg's notation, at most `most`; `forms` says what is allowed."""
    lowered = text.lower()
    radix, code, word = _RADIX.get(lowered[:2], _RADIX["0x"])
    digits = lowered[2:] if lowered[:2] in _RADIX else lowered
    if "`" in digits:
        if not re.fullmatch("[0-9a-f]{1,8}`[0-9a-f]{8}", digits) or radix != 16:
            raise AddressError(
                f"{show(text)} has a misplaced backtick: it stands once, before the last 8 of at "
                f"most 16 hex digits"
            )
        digits = digits.replace("`", "")
    if not digits or digits.strip("0123456789abcdef"[:radix]):
        raise AddressError(f"{show(text)} is not {word} number; {forms}")
    longest = len(format(most, code))
    if len(digits) > longest:
        raise AddressError(
            f"{show(text)} is {word} number of {len(digits)} digits; 64 bits have at most {longest}"
        )
    value = int(digits, radix)
    if value > most:
        raise AddressError(f"{show(text)} is more than {most:#x}, the most that 64 bits allow")
    return value


def parse_address(text: str) -> int:
    """The address that `text` spells.

    Hex with or without `0x` and with or without WinDbg's backtick before the last eight digits, or
    `0n` decimal, `0t` octal, `0y` binary; in any case, blanks around it allowed.

    Raises:
        AddressError: It is none of these, or more than 64 bits.
    """
    return _number(text.strip(), ADDRESS_LIMIT - 1, ADDRESS_FORMS)


def parse_range(text: str) -> Span:
    """The addresses that `text` spells, as a half-open span.

    WinDbg's `START END` has END in the range; `START Lsize`, `START L?size` and `START L-size` (the
    bytes just before START) count bytes in hex. `0xSTART..0xEND` has END outside the range;
    `0xSTART+0xSIZE`. The last two need their `0x`, so that nobody takes one kind of end for the
    other by leaving out a dot.

    Raises:
        AddressError: It is none of these, is empty or backwards, or leaves the 64-bit addresses.
    """
    stripped = text.strip()
    for mark in ("..", "+"):
        left, found, right = stripped.partition(mark)
        if found:
            return _prefixed_range(stripped, left.strip(), mark, right.strip())
    first, *rest = stripped.split(maxsplit=1) or [""]
    if not rest:
        missing = "has no end" if first else "is empty"
        raise AddressError(f"{show(text)} {missing}; {RANGE_FORMS}")
    start = _number(first, ADDRESS_LIMIT - 1, ADDRESS_FORMS)
    counted = re.fullmatch(r"[lL]([?-]?)\s*(.*)", rest[0], re.DOTALL)
    if counted is None:
        last = _number(rest[0], ADDRESS_LIMIT - 1, RANGE_FORMS)
        if last < start:
            raise AddressError(
                f"{show(stripped)} ends before it starts; write the lower address first"
            )
        return Span.between(start, last + 1)
    size = _number(counted[2], ADDRESS_LIMIT, RANGE_FORMS)
    if counted[1] == "-":
        if size > start:
            raise AddressError(
                f"{show(stripped)} starts below address 0; at most {start:#x} bytes lie before it"
            )
        return _sized(stripped, start - size, size)
    return _sized(stripped, start, size)


def _prefixed_range(text: str, left: str, mark: str, right: str) -> Span:
    if not (left.lower().startswith("0x") and right.lower().startswith("0x")):
        raise AddressError(f"{show(text)} needs 0x on both sides of {mark}; {RANGE_FORMS}")
    start = _number(left, ADDRESS_LIMIT - 1, RANGE_FORMS)
    number = _number(right, ADDRESS_LIMIT, RANGE_FORMS)
    if mark == "+":
        return _sized(text, start, number)
    if number < start:
        raise AddressError(f"{show(text)} ends before it starts; write the lower address first")
    if number == start:
        raise AddressError(f"{show(text)} is empty: the end after .. is not in the range")
    return Span.between(start, number)


def _sized(text: str, start: int, size: int) -> Span:
    if size == 0:
        raise AddressError(f"{show(text)} is empty; a range has at least one byte")
    if start + size > ADDRESS_LIMIT:
        raise AddressError(
            f"{show(text)} runs past the last address; at most {ADDRESS_LIMIT - start:#x} bytes fit"
        )
    return Span(start, size)


def without_sign(span: Span, bits: int) -> Span:
    """A span of 32-bit addresses that a debugger of 64 bits has sign-extended, as it is meant.

    WinDbg prints 80800000 of a 32-bit kernel as ffffffff`80800000.
    """
    if bits == 32 and span.start >> 32 == 0xFFFFFFFF:
        return Span(span.start & 0xFFFFFFFF, span.size)
    return span


def parse_size(text: str) -> int:
    """The number of bytes that `text` spells: `4096`, `0x1000`, `64KiB`, `1 MiB`, `64GiB`, `2TiB`.

    Without `0x` it is decimal, unlike an address: nobody says "20000 bytes" in hex. A leading zero
    is refused, since it promises hex or octal and would be neither.

    Raises:
        AddressError: It is none of these, or 2**64 and more.
    """
    stripped = text.strip()
    if stripped[:2].lower() == "0x":
        return _number(stripped, ADDRESS_LIMIT - 1, SIZE_FORMS)
    found = re.fullmatch(r"([0-9]+)\s*([A-Za-z]*)", stripped)
    if found is None:
        raise AddressError(f"{show(text)} is not a size; {SIZE_FORMS}")
    digits, unit = found.groups()
    shift = _UNITS.get(unit.lower())
    if shift is None:
        hint = f"; {unit[0].upper()}iB is meant?" if unit[0] in "kKmMgGtT" else ""
        raise AddressError(f"{show(text)} has the unit {show(unit)}{hint}; {SIZE_FORMS}")
    if len(digits) > 1 and digits[0] == "0":
        raise AddressError(
            f"{show(text)} has a leading zero; write decimal without it, or hex with 0x"
        )
    if len(digits) > 20 or (value := int(digits) << shift) >= ADDRESS_LIMIT:
        raise AddressError(f"{show(text)} is 16 EiB or more, which no memory has; {SIZE_FORMS}")
    return value


def format_address(value: int) -> str:
    """An address or size as JSON and permalinks have it: `0xfffff80000800000`, lower case."""
    return f"{value:#x}"


def windbg_address(value: int, bits: int = 64) -> str:
    """An address in WinDbg's digits: ``fffff800`00800000``, or `0085e000` of 32 bits."""
    if bits <= 32 and value < 1 << 32:
        return f"{value:08x}"
    return f"{value >> 32:08x}`{value & 0xFFFFFFFF:08x}"
