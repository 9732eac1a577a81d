"""Half-open spans of addresses: the one shape of a range inside memtiles.

The world outside has four: WinDbg's ranges are inclusive, `lm` and `/proc/PID/maps` rows are
exclusive, `!lmi` gives base and size, `Lxxx` a length. They are converted where they enter.
"""

from __future__ import annotations

from dataclasses import dataclass

ADDRESS_LIMIT = 1 << 64


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """The addresses `start <= address < start + size`; at least one, none past 2**64 - 1.

    Raises:
        ValueError: The span is empty or leaves the 64-bit address space.
    """

    start: int
    size: int

    def __post_init__(self) -> None:
        if self.start < 0 or self.size < 1 or self.start + self.size > ADDRESS_LIMIT:
            raise ValueError(f"not a span of 64-bit addresses: {self.start:#x}+{self.size:#x}")

    @classmethod
    def between(cls, start: int, end: int) -> Span:
        """The span from `start` up to, and without, `end`."""
        return cls(start, end - start)

    @property
    def end(self) -> int:
        """The first address after the span, at most 2**64."""
        return self.start + self.size

    def __contains__(self, address: int) -> bool:
        return self.start <= address < self.end

    def __str__(self) -> str:
        return f"{self.start:#x}..{self.end:#x}"

    def covers(self, other: Span) -> bool:
        """Whether every address of `other` lies in this span."""
        return self.start <= other.start and other.end <= self.end

    def intersection(self, other: Span) -> Span | None:
        """What both spans hold, or None."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Span.between(start, end) if start < end else None

    def without(self, other: Span) -> tuple[Span, ...]:
        """What is left of this span when `other` is taken out: none, one or two spans."""
        if self.intersection(other) is None:
            return (self,)
        left = [Span.between(self.start, other.start)] if self.start < other.start else []
        right = [Span.between(other.end, self.end)] if other.end < self.end else []
        return (*left, *right)
