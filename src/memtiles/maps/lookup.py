"""One region out of many, by its name or by an address in it."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from memtiles.errors import AddressError, UsageError
from memtiles.memory.address import format_address, parse_address, show
from memtiles.memory.span import Span

_MOST_NEAR = 3
_MOST_ADDRESSES = 5
# Names come out of a dump and may be endless; comparing two costs the product of their lengths.
_COMPARED = 60


def find_region(names: Sequence[tuple[str, Span]], text: str) -> int:
    """The index of the one region that `text` means.

    Its exact name, or else its name without regard to case, or else an address in it, with 0x.

    Raises:
        UsageError: None is meant, and which names are near; or several are, and where they lie.
    """
    folded = text.casefold()
    found = [index for index, (name, _) in enumerate(names) if name == text]
    found = found or [index for index, (name, _) in enumerate(names) if name.casefold() == folded]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(_several(text, [names[index][1] for index in found]))
    address = _address(text)
    if address is None:
        raise UsageError(f"no region is called {show(text)}; {_near(names, folded)}")
    return region_at(names, address)


def region_at(names: Sequence[tuple[str, Span]], address: int) -> int:
    """The index of the region that holds an address.

    Raises:
        UsageError: None does, and which is the nearest.
    """
    for index, (_, span) in enumerate(names):
        if address in span:
            return index
    raise UsageError(f"no region holds {format_address(address)}; {_elsewhere(names, address)}")


def _address(text: str) -> int | None:
    if not text.lower().startswith("0x"):
        return None
    try:
        return parse_address(text)
    except AddressError:
        return None


def _several(text: str, spans: Sequence[Span]) -> str:
    starts = ", ".join(format_address(span.start) for span in spans[:_MOST_ADDRESSES])
    more = f" and {len(spans) - _MOST_ADDRESSES} more" if len(spans) > _MOST_ADDRESSES else ""
    return f"{len(spans)} regions are called {show(text)}; give an address in it: {starts}{more}"


def _near(names: Sequence[tuple[str, Span]], folded: str) -> str:
    """Up to three names that hold the text or look like it."""
    distinct = {name.casefold()[:_COMPARED]: name for name, _ in reversed(names)}
    wanted = folded[:_COMPARED]
    near = (
        sorted((one for one in distinct if wanted in one), key=len)[:_MOST_NEAR] if wanted else []
    )
    near = near or difflib.get_close_matches(wanted, distinct, _MOST_NEAR)
    if not near:
        return "give a name as `memtiles info` lists them, or an address in it that starts with 0x"
    return f"did you mean {' or '.join(show(distinct[one]) for one in near)}?"


def _elsewhere(names: Sequence[tuple[str, Span]], address: int) -> str:
    """The region that is nearest to an address in none."""
    if not names:
        return "there are none"
    name, span = min(names, key=lambda one: max(one[1].start - address, address - one[1].end + 1))
    return f"the nearest is {show(name)} at {span}"
