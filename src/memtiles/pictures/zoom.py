"""Zoom rules: what one pixel shows that stands for many. Each lens states one of them.

A picture of memory that shrinks to a screen can lie. The mean of the colours of text and of code is
the colour of neither; and the mean of an odd page and of 262,143 even ones is even.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mean:
    """The mean of what is present: rounded, one level after the other."""

    @property
    def sentence(self) -> str:
        """The rule, for legends and the manifest."""
        return "Farther out, a pixel is the mean of what is present."


@dataclass(frozen=True)
class Highest:
    """The highest value of all that a pixel stands for."""

    @property
    def sentence(self) -> str:
        """The rule, for legends and the manifest."""
        return "Farther out, a pixel shows the highest value in it."


@dataclass(frozen=True)
class Foremost:
    """The first category, in an order of priority, that makes up a quarter of what is no filling.

    Filling, like zeros, is shown only where all else is less than one 256th; where it is more than
    that, what else there is is the fainter the less of it there is (`palette.STRENGTHS`). So a page
    of text in a MiB of zeros shows, and does not look like a MiB of text.

    Attributes:
        order: Values by priority, the first first; at most 8 with those of `filling`.
        filling: Values; of several the most frequent one is shown.
    """

    order: tuple[int, ...]
    filling: tuple[int, ...]

    @property
    def sentence(self) -> str:
        """The rule, for legends and the manifest."""
        return (
            "Farther out, a pixel shows the first in the order of this legend that makes up a "
            "quarter of it, filling left aside; it is the fainter the more filling there is."
        )


Zoom = Mean | Highest | Foremost
