"""How much a piece of work may do: counted, for a limit of time fails on a slow machine."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# A second or two of Python. Work that grows with the square of a hundred thousand pieces has ten
# billion.
_MOST_CALLS = 20_000_000


@contextmanager
def little_work(most: int = _MOST_CALLS) -> Iterator[None]:
    """Fails as soon as this thread has called more functions than that, Python's own among them."""
    calls = 0

    def count(_: FrameType, event: str, __: object) -> None:
        nonlocal calls
        if event in ("call", "c_call"):
            calls += 1
            if calls > most:
                sys.setprofile(None)
                raise AssertionError(f"more than {most:,} calls")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        yield
    finally:
        sys.setprofile(before)
