"""Colours as CIELAB has them, and as eyes see them that lack a sort of cone.

The formulas are those of IEC 61966-2-1 (sRGB) and CIE 15 (CIELAB, D65); the matrices are those of
Machado, Oliveira and Fernandes 2009, severity 1.0, which work on linear RGB.
"""

from __future__ import annotations

from itertools import combinations
from math import dist

PROTANOPIA = (
    (0.152286, 1.052583, -0.204868),
    (0.114503, 0.786281, 0.099216),
    (-0.003882, -0.048116, 1.051998),
)
DEUTERANOPIA = (
    (0.367322, 0.860646, -0.227968),
    (0.280085, 0.672501, 0.047413),
    (-0.011820, 0.042940, 0.968881),
)
USUAL = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
ALL_EYES = {"usual": USUAL, "protanopia": PROTANOPIA, "deuteranopia": DEUTERANOPIA}

Triple = tuple[float, float, float]
Matrix = tuple[Triple, Triple, Triple]

_TO_XYZ = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)
_WHITE = (0.95047, 1.0, 1.08883)


def lab(colour: str, eyes: Matrix = USUAL) -> Triple:
    """L*, a* and b* of `#rrggbb` as these eyes see it."""
    light = [_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5)]
    seen = [min(1.0, max(0.0, part)) for part in _times(eyes, light)]
    x, y, z = (_f(part / white) for part, white in zip(_times(_TO_XYZ, seen), _WHITE, strict=True))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def nearest(colours: list[str], eyes: Matrix) -> tuple[float, str, str]:
    """The two colours that are least apart, by CIE76, and how far."""
    return min((dist(lab(a, eyes), lab(b, eyes)), a, b) for a, b in combinations(colours, 2))


def hexed(row: list[int]) -> str:
    return "#" + bytes(row).hex()


def _times(matrix: Matrix, vector: list[float]) -> list[float]:
    return [sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix]


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def _f(t: float) -> float:
    return t ** (1 / 3) if t > (6 / 29) ** 3 else t / (3 * (6 / 29) ** 2) + 4 / 29
