"""Lenses with a number in their name, such as `entropy:1024`."""

from __future__ import annotations

from typing import NamedTuple, Protocol, runtime_checkable

from memtiles.pictures.lens import ValueLens


class Numbers(NamedTuple):
    """The numbers that a lens takes."""

    unit: str
    lowest: int
    highest: int
    powers_of_two: bool = False

    def __contains__(self, number: object) -> bool:
        return (
            isinstance(number, int)
            and self.lowest <= number <= self.highest
            and not (self.powers_of_two and number & (number - 1))
        )

    def __str__(self) -> str:
        what = f"{self.unit}, a power of two" if self.powers_of_two else self.unit
        return f"{self.lowest} to {self.highest} {what}"


@runtime_checkable
class Numbered(Protocol):
    """A lens of which there is one for each number.

    Attributes:
        numbers: Those that it takes.
    """

    numbers: Numbers

    def with_number(self, number: int) -> ValueLens:
        """The lens for one of these numbers."""
