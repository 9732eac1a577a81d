"""Widths that are found in memory: of images drawn by Pillow, of tables packed by struct."""

from __future__ import annotations

import random
import struct
from math import lcm, sqrt

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFilter

from memtiles.memory.runs import Runs
from memtiles.memory.space import AddressSpace, Memory, SpaceKind
from memtiles.memory.span import Span
from memtiles.pictures.layout import BITS, Bits, geometry
from memtiles.pictures.strides import autocorrelation, find_strides
from memtiles.pictures.width import (
    LEAST_SIZE,
    SAMPLE,
    FoundWidth,
    find_region_widths,
    find_widths,
    sample_of,
)

Bytes = npt.NDArray[np.uint8]


def array(data: bytes) -> Bytes:
    return np.frombuffer(data, np.uint8)


def noise(size: int, seed: int = 7) -> bytes:
    return np.random.default_rng(seed).bytes(size)


def image(width: int, height: int, bits: Bits, seed: int = 1) -> bytes:
    """A sky with balloons, and the grain of a camera, as a program has it in memory."""
    numbers = random.Random(seed)
    sky = [Image.linear_gradient("L").resize((width, height)) for _ in range(3)]
    sky[1] = sky[1].transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    sky[2] = Image.linear_gradient("L").rotate(90).resize((width, height))
    picture = Image.merge("RGB", sky)
    draw = ImageDraw.Draw(picture)
    for _ in range(14):
        x, y, radius = (numbers.randrange(1, side) for side in (width, height, height // 3 + 2))
        colour = tuple(numbers.randrange(256) for _ in range(3))
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), colour)
    soft = np.asarray(picture.filter(ImageFilter.GaussianBlur(1)), np.float64)
    grain = np.random.default_rng(seed).normal(0, 4, soft.shape)
    picture = Image.fromarray((soft + grain).clip(0, 255).astype(np.uint8))
    match bits:
        case 8:
            return picture.convert("L").tobytes()
        case 16:
            red, green, blue = (np.asarray(one, np.uint16) >> 3 for one in picture.split())
            return (red << 10 | green << 5 | blue).astype("<u2").tobytes()
        case 24:
            return picture.tobytes("raw", "BGR")
        case 32:
            return picture.tobytes("raw", "BGRX")


def shows(found: FoundWidth, stride: int) -> bool:
    """Whether rows of that many bytes stand upright in it, as few beside each other as can be."""
    return found.stride == lcm(stride, found.bits // 8, 4)


# ------------------------------------------------------------------------------------------ images

IMAGES = [
    *((333, 240, 8), (640, 200, 8), (1283, 200, 8), (101, 90, 8)),
    *((333, 240, 16), (640, 200, 16), (1282, 200, 16), (102, 90, 16)),
    *((333, 240, 24), (640, 200, 24), (1283, 200, 24), (101, 90, 24)),
    *((333, 240, 32), (641, 200, 32), (1920, 200, 32), (101, 90, 32)),
    *((3840, 70, 32), (2048, 300, 16), (1366, 160, 32)),
]


@pytest.mark.parametrize(("width", "height", "bits"), IMAGES)
def test_an_image_is_found_with_its_bits(width: int, height: int, bits: Bits) -> None:
    drawn = image(width, height, bits)
    for memory in (drawn, bytes(30_001) + drawn + bytes(20_003), drawn + noise(len(drawn) // 2)):
        best = find_widths(array(memory))[0]
        assert (shows(best, width * bits // 8), best.bits) == (True, bits), best


@pytest.mark.parametrize(("width", "height", "bits"), IMAGES)
def test_what_is_proposed_can_be_drawn(width: int, height: int, bits: Bits) -> None:
    memory = image(width, height, bits)
    for wanted in (None, *BITS):
        for one in find_widths(array(memory), bits=wanted):
            shape = geometry("rows", one.bits, len(memory), one.width)
            assert shape.row_bytes == one.stride
            assert wanted in (None, one.bits)
            assert 0 < one.score <= 1
            assert 0 <= one.place < len(memory)


def test_the_bits_that_are_wanted_are_kept() -> None:
    (best, *_) = find_widths(array(image(640, 200, 32)), bits=8)
    assert (best.width, best.bits, best.stride) == (2560, 8, 2560)


def test_rows_that_are_no_whole_pixels_are_not_drawn_at_these_bits() -> None:
    """A BMP pads its rows of 24 bits to whole words, so that they shift by a byte each.

    101 pixels are 303 bytes and one of padding. Drawn at 24 bits with 304 bytes, which is
    no multiple of 3, no width stands upright but one of three rows beside each other.
    """
    drawn = np.asarray(Image.frombytes("RGB", (101, 200), image(101, 200, 24)))
    padded = np.pad(drawn.reshape(200, 303), ((0, 0), (0, 1)))
    best = find_widths(array(padded.tobytes()))[0]
    assert (best.width, best.bits, best.stride) == (304, 8, 304)
    assert find_widths(array(padded.tobytes()), bits=24) == []


def test_grey_pixels_of_24_bits() -> None:
    """Equal channels look like smooth bytes, but for the steps, which come in threes."""
    grey = Image.frombytes("L", (400, 200), image(400, 200, 8)).convert("RGB").tobytes()
    best = find_widths(array(grey))[0]
    assert (best.width, best.bits) == (400, 24)


def test_two_images_are_both_found() -> None:
    memory = noise(9000) + image(500, 300, 32) + noise(7000) + image(333, 900, 8, seed=2)
    first, second = find_widths(array(memory))[:2]
    found = {(first.stride, first.bits), (second.stride, second.bits)}
    assert found == {(2000, 32), (1332, 8)}


def test_the_place_is_where_the_image_is() -> None:
    memory = noise(1_000_000) + image(400, 200, 32) + noise(1_000_000, seed=8)
    best = find_widths(array(memory))[0]
    assert best.stride == 1600
    assert 1_000_000 - 1600 <= best.place <= 1_000_000 + 400 * 200 * 4


def test_a_small_image_in_much_memory() -> None:
    """An icon of 64 KiB in half a MiB of noise: an eighth of its piece."""
    memory = noise(300_000) + image(128, 128, 32) + noise(150_000, seed=8)
    best = find_widths(array(memory))[0]
    assert (best.width, best.bits) == (128, 32)


@given(
    width=st.integers(128, 900),
    bits=st.sampled_from(BITS),
    before=st.integers(0, 2000),
    seed=st.integers(0, 1000),
)
# The same examples each time: one faint image of 900 is lost in noise.
@settings(deadline=None, max_examples=25, derandomize=True)
def test_an_image_of_any_width_is_among_the_first(
    width: int, bits: Bits, before: int, seed: int
) -> None:
    drawn = image(width, 100 + width // 4, bits, seed)
    memory = noise(before, seed) + drawn + noise(len(drawn) // 4, seed + 1)
    found = find_widths(array(memory), most=3)
    # With five bits a channel a smooth sky is noise in its lower byte: it may lean by a pixel.
    near = (0, -1, 1) if bits == 16 else (0,)
    strides = [(width + moved) * bits // 8 for moved in near]
    assert any(shows(one, stride) for one in found for stride in strides), found


# ------------------------------------------------------------------------------------------ tables


@pytest.mark.parametrize(
    "record",
    ["<QQIIddII", "<IIIHHI", "<QdQ", "<16sIIQ", "<QIHBBdd64s", "<IHHQ"],
    ids=lambda record: f"{struct.calcsize(record)} bytes",
)
def test_a_table_has_its_records_for_rows(record: str) -> None:
    numbers = random.Random(5)
    text = [b"alpha", b"beta", b"a name of some length", b""]

    def field(kind: str, at: int) -> object:
        return {
            "Q": 0x7F00_0000_0000 + numbers.randrange(1 << 20) * 8,
            "I": at,
            "H": numbers.randrange(300),
            "B": numbers.randrange(3),
            "d": numbers.random(),
            "s": numbers.choice(text),
        }[kind]

    kinds = [kind for kind in "".join(record.split("<")) if kind.isalpha()]
    table = b"".join(
        struct.pack(record, *(field(kind, at) for kind in kinds)) for at in range(3000)
    )
    size = struct.calcsize(record)
    best = find_widths(array(noise(1000) + table))[0]
    assert (best.stride, best.bits) == (size, 8)


# ----------------------------------------------------------------------------------------- nothing

TEXT = (
    "It is a truth universally acknowledged, that a single man in possession of a good fortune, "
    "must be in want of a wife. However little known the feelings or views of such a man may be "
    "on his first entering a neighbourhood, this truth is so well fixed in the minds of the "
    "surrounding families, that he is considered as the rightful property of some one or other "
    "of their daughters"
)


def words(count: int) -> bytes:
    numbers = random.Random(3)
    return " ".join(numbers.choice(TEXT.split()) for _ in range(count)).encode()


def pages(count: int) -> bytes:
    """Pages that begin alike, and have nothing else in common."""
    head = struct.pack("<QQQQ", 0xDEAD_BEEF, 1, 7, 99)
    return b"".join(head + noise(4064, seed) for seed in range(count))


NOTHING: dict[str, bytes] = {
    "nothing": b"",
    "a byte": b"a",
    "few bytes": bytes(range(95)),
    "zeros": bytes(1 << 20),
    "one value": b"\xcc" * 70_000,
    "zeros and ones": bytes(100_000) + b"\xff" * 100_000,
    "noise": noise(1 << 20),
    "a page of noise": noise(4096),
    "a random walk": np.random.default_rng(1).normal(0, 1, 300_000).cumsum().astype("i8")
    .astype(np.uint8).tobytes(),
    "words": words(60_000),
    "pointers": np.random.default_rng(2).integers(0x7F00_0000_0000, 0x7F00_0010_0000, 40_000)
    .astype("<u8").tobytes(),
    "doubles": np.random.default_rng(3).normal(0, 1, 50_000).tobytes(),
    "single values in zeros": bytes(40_000) + b"abc" + bytes(17_000) + b"abc" + bytes(90_000),
    "the same block twice": noise(30_000) + bytes(50_000) + noise(30_000) + noise(200_000, 9),
    "pages with a header": pages(200),
}  # fmt: skip


@pytest.mark.parametrize("name", NOTHING)
def test_where_nothing_stands_out_nothing_is_found(name: str) -> None:
    assert find_widths(array(NOTHING[name])) == []


@given(seed=st.integers(0, 1 << 30), size=st.integers(0, 60_000))
@settings(deadline=None, max_examples=40)
def test_nothing_is_found_in_noise(seed: int, size: int) -> None:
    assert find_widths(array(noise(size, seed))) == []


# ------------------------------------------------------------------------------------------- holes


def test_holes_are_not_equal_to_each_other() -> None:
    """Every other 1,000 bytes missing: as zeros they would repeat after 2,000."""
    memory = array(noise(200_000)) % 100 + 100
    present = np.arange(200_000) // 1000 % 2 == 0
    striped = np.where(present, memory, 0).astype(np.uint8)
    assert find_widths(striped)[0].stride == 2000, "the stripes are there to be found"
    assert find_widths(striped, present) == []


def test_an_image_with_holes_is_found() -> None:
    memory = array(image(333, 300, 32)).copy()
    present = np.ones(len(memory), np.bool_)
    for start in range(8192, len(memory), 5 * 4096):  # a page of five is paged out
        present[start : start + 4096] = False
    memory[~present] = 0
    best = find_widths(memory, present)[0]
    assert (best.width, best.bits) == (333, 32)


def test_nothing_but_holes() -> None:
    assert find_widths(np.zeros(100_000, np.uint8), np.zeros(100_000, np.bool_)) == []


@given(data=st.data(), size=st.integers(40, 300))
@settings(deadline=None, max_examples=60)
def test_likeness_is_the_sum_over_what_is_there(data: st.DataObject, size: int) -> None:
    """A plain sum over pairs, both there, over the root of their energies."""
    numbers = random.Random(data.draw(st.integers(0, 1 << 20)))
    there = [numbers.random() < 0.7 for _ in range(size)]
    values = [numbers.uniform(-100, 100) if held else 0.0 for held in there]
    mask = np.array(there) if data.draw(st.booleans()) else None
    held = there if mask is not None else [True] * size
    found = autocorrelation(np.array(values, np.float32), mask, size // 2)
    for shift in range(1, size // 2):
        pairs = [
            (values[at], values[at + shift])
            for at in range(size - shift)
            if held[at] and held[at + shift]
        ]
        left, right = (sum(pair[side] ** 2 for pair in pairs) for side in (0, 1))
        if min(left, right) > 0.02 * sum(value**2 for value in values):
            likeness = sum(one * other for one, other in pairs) / sqrt(left * right)
            assert found[shift] == pytest.approx(likeness, abs=1e-3)


# ------------------------------------------------------------------------------------------ sample


class Counting(AddressSpace):
    """A span of `size` bytes that holds an image again and again; counts what is read."""

    kind = SpaceKind.VIRTUAL

    def __init__(self, row: bytes, size: int, pieces: list[tuple[int, int]]) -> None:
        self.row, self.size, self.pieces = row, size, Runs.of(pieces)
        self.read_bytes = 0

    def runs(self, span: Span) -> Runs:
        return self.pieces.clip(span.start, span.size)

    def read(self, span: Span) -> Memory:
        self.read_bytes += span.size
        shift = span.start % len(self.row)
        data = np.resize(np.roll(array(self.row), -shift), span.size)
        runs = self.runs(span)
        return Memory(np.where(runs.mask(0, span.size), data, 0).astype(np.uint8), runs)


def test_a_large_region_is_sampled() -> None:
    size = 1 << 40
    space = Counting(noise(5000), size, [(0, size)])
    assert find_region_widths(space, Span(0, size))[0].stride == 5000
    assert space.read_bytes <= SAMPLE


def test_what_is_there_is_sampled_and_not_the_region() -> None:
    size = 1 << 40
    space = Counting(noise(5000), size, [(777 << 20, 300_000)])
    assert find_region_widths(space, Span(0, size), sample=1 << 20)[0].stride == 5000
    assert space.read_bytes <= 1 << 20


@given(
    pieces=st.lists(st.tuples(st.integers(0, 1 << 28), st.integers(1, 1 << 24)), max_size=12),
    sample=st.sampled_from([1 << 19, 1 << 20, SAMPLE]),
)
def test_pieces_of_a_sample(pieces: list[tuple[int, int]], sample: int) -> None:
    present = Runs.of(pieces)
    size = max((start + length for start, length in pieces), default=1)
    picked = sample_of(present, size, sample)
    assert sum(length for _, length in picked) <= sample
    ends = 0
    for start, length in picked:
        assert ends <= start < start + length <= size
        assert present.clip(start, length).total > 0
        ends = start + length
    if present.total and size <= sample:
        assert sum(present.clip(*one).total for one in picked) == present.total


def test_the_least_size_is_the_one_that_is_told() -> None:
    rows = array(noise(16) * 20)
    assert find_strides(rows[: LEAST_SIZE - 1], None) == []
