"""Spans, by property against sets of addresses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memtiles.memory.span import Span

small_spans = st.builds(Span, st.integers(0, 40), st.integers(1, 20))


@given(small_spans, small_spans)
def test_set_operations(one: Span, other: Span) -> None:
    of_one, of_other = set(range(one.start, one.end)), set(range(other.start, other.end))
    both = one.intersection(other)
    assert (set() if both is None else set(range(both.start, both.end))) == of_one & of_other
    left = [address for span in one.without(other) for address in range(span.start, span.end)]
    assert left == sorted(of_one - of_other)
    assert one.covers(other) == (of_other <= of_one)


def test_the_last_address_is_in_a_span_that_ends_at_two_to_the_64() -> None:
    span = Span.between(2**64 - 16, 2**64)
    assert 2**64 - 1 in span
    assert span.end == 2**64
    assert str(span) == "0xfffffffffffffff0..0x10000000000000000"


@pytest.mark.parametrize(("start", "size"), [(0, 0), (-1, 4), (2**64 - 1, 2), (5, -1)])
def test_refused(start: int, size: int) -> None:
    with pytest.raises(ValueError, match="not a span"):
        Span(start, size)
