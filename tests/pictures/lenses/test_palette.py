"""Palettes as the eyes see them that most often confuse colours: those without red or green."""

from __future__ import annotations

import re
from itertools import pairwise
from math import dist
from pathlib import Path

import numpy as np
import pytest

import memtiles.pictures.lenses
from memtiles.pictures.lens import ValueLens
from memtiles.pictures.lenses import lens, lens_names
from memtiles.pictures.palette import STRENGTHS, Strength
from memtiles.pictures.zoom import Foremost
from pictures.lenses.eyes import ALL_EYES, Matrix, hexed, lab, nearest

FULL, MEDIUM, FAINT = STRENGTHS
# CIE76: 2.3 is what is just seen side by side; far apart on a map more is needed.
APART = {FULL: 20, MEDIUM: 15, FAINT: 10}

VALUE_LENSES = [made for made in map(lens, lens_names()) if isinstance(made, ValueLens)]
CATEGORIES = [made for made in VALUE_LENSES if isinstance(made.zoom, Foremost)]
SCALES = [made for made in VALUE_LENSES if not isinstance(made.zoom, Foremost)]
EYES = pytest.mark.parametrize("eyes", ALL_EYES.values(), ids=ALL_EYES)
STYLE = Path(memtiles.pictures.lenses.__file__).parents[4] / "viewer" / "src" / "style.css"


def by_name(made: ValueLens) -> str:
    return made.name


def colours(made: ValueLens) -> list[str]:
    return [hexed(row) for row in made.palette.tolist()]


def ground() -> str:
    found = re.search(r"--ground: (#[0-9a-f]{6})", STYLE.read_text())
    assert found
    return found[1]


@EYES
@pytest.mark.parametrize("strength", STRENGTHS)
@pytest.mark.parametrize("made", CATEGORIES, ids=by_name)
def test_no_two_categories_look_alike(made: ValueLens, strength: Strength, eyes: Matrix) -> None:
    palette = colours(made)
    shown = [palette[value + strength.offset] for value in made.zoom.order]
    shown.append(palette[made.zoom.filling[0]])
    if strength is FULL:
        shown += [palette[value] for value in made.zoom.filling[1:]]
    distance, one, other = nearest(shown, eyes)
    assert distance >= APART[strength], f"{one} and {other} look alike"


@pytest.mark.parametrize("made", CATEGORIES, ids=by_name)
def test_strengths_go_from_the_filling_to_the_category(made: ValueLens) -> None:
    palette = colours(made)
    filling = lab(palette[made.zoom.filling[0]])
    for value in made.zoom.order:
        away = [dist(lab(palette[value + strength.offset]), filling) for strength in STRENGTHS]
        assert away == sorted(away, reverse=True)
        assert away[-1] > APART[FAINT]


def test_shares_are_mixed_in_light() -> None:
    """0.42 of the light of white on the black of nothing, by IEC 61966-2-1, is sRGB 173."""
    pointers = lens("pointers")
    assert isinstance(pointers, ValueLens)
    white = pointers.palette.tolist().index([255, 255, 255])
    black = np.array([0x08, 0x09, 0x0C]) / 255 / 12.92
    light = MEDIUM.colour + (1 - MEDIUM.colour) * black
    wanted = 255 * (1.055 * light ** (1 / 2.4) - 0.055)
    assert pointers.palette[white + MEDIUM.offset].tolist() == np.rint(wanted).tolist()


def highest(made: ValueLens) -> int:
    return 129 if made.name == "gradient" else 255


@EYES
@pytest.mark.parametrize("made", SCALES, ids=by_name)
def test_more_is_lighter(made: ValueLens, eyes: Matrix) -> None:
    lightness = [lab(colour, eyes)[0] for colour in colours(made)[1 : highest(made) + 1]]
    assert all(less < more for less, more in pairwise(lightness))
    assert lightness[0] < 5
    assert lightness[-1] > 90


@pytest.mark.parametrize("made", SCALES, ids=by_name)
def test_lightness_grows_evenly(made: ValueLens) -> None:
    """No step is seen where values have none: each is at most thrice the mean one."""
    lightness = [lab(colour)[0] for colour in colours(made)[1 : highest(made) + 1]]
    mean = (lightness[-1] - lightness[0]) / (highest(made) - 1)
    assert max(more - less for less, more in pairwise(lightness)) < 3 * mean


@pytest.mark.parametrize("made", VALUE_LENSES, ids=by_name)
def test_memory_is_told_from_the_page(made: ValueLens) -> None:
    assert ground() not in colours(made)
    if isinstance(made.zoom, Foremost):
        shown = [colours(made)[value] for value in (*made.zoom.order, *made.zoom.filling)]
        assert min(dist(lab(colour), lab(ground())) for colour in shown) > 10
    else:
        assert dist(lab(colours(made)[1]), lab(ground())) > 10


@pytest.mark.parametrize("made", VALUE_LENSES, ids=by_name)
def test_legends_show_colours_of_the_palette(made: ValueLens) -> None:
    assert len(made.legend) >= 3
    palette = colours(made)
    shown = [palette.index(line.colour) for line in made.legend]
    if isinstance(made.zoom, Foremost):
        assert shown == [
            palette.index(palette[value]) for value in (*made.zoom.order, *made.zoom.filling)
        ]
    else:
        assert [line.colour for line in (made.legend[0], made.legend[-1])] == [
            palette[1],
            palette[255],
        ]
