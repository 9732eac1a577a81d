"""Makes layout.json, the vectors that the Python and the TypeScript layout are both tested on.

Nothing here imports memtiles. Small pictures are laid out by walking byte after byte; large ones
are built the other way round, from a chosen pixel to the offset that it must show. Widths of
`classic` are counted up to, never computed from a square root. The golden numbers are copied from
what Dump2Picture 2.2.3 is documented to write.

Hilbert's curve is drawn twice: by a turtle that follows the rewriting rules of an L-system, for
small pictures; and by halving squares that are known by the corners where the curve enters and
leaves them, for large ones. Where both can be drawn they are compared.

    python tests/vectors/make_layout.py
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

BYTES = {8: 1, 16: 2, 24: 3, 32: 4}
STEP = {8: 4, 16: 2, 24: 4, 32: 1}
CLASSIC_STEP = {8: 8, 16: 2, 24: 4, 32: 2}
BMPS = ("rows", "classic")
LAYOUTS = (*BMPS, "hilbert", "pages")

# input size, bits, width, height, bytes that have no pixel
GOLDEN = [
    (0x5E001, 32, 310, 310, 625),
    (0x5E001, 16, 438, 438, 1_337),
    (0x5E001, 8, 616, 620, 3_105),
    (0x20000, 32, 180, 180, 1_472),
    (0x20000, 24, 208, 208, 1_280),
    (0x20000, 16, 256, 256, 0),
    (0x20000, 8, 360, 362, 752),
    (0x380001, 32, 956, 956, 14_273),
    (1_354_240_000, 32, 18_400, 18_400, 0),
    (1_354_534_415, 32, 18_400, 18_400, 294_415),
    (16 << 30, 32, 65_536, 65_536, 0),
]
# Where memtiles leaves the original: 358×358 at 24 bits shears, so the width becomes 356.
UNSHEARED = [(0x5E001, 24, 356, 358, 385_025 - 356 * 358 * 3)]


def shape(layout: str, bits: int, size: int, width: int | None = None) -> dict[str, Any]:
    """The arguments of `geometry`, as the vectors write them."""
    return {"layout": layout, "bits": bits, "size": hex(size), "width": width}


def multiples(step: int, limit: int) -> int:
    """The largest multiple of `step` that is at most `limit`, counted up to."""
    found = 0
    while found + step <= limit:
        found += step
    return found


def classic_square(bits: int, size: int) -> tuple[int, int]:
    """Width and height of `classic`: the side grows while one more square of pixels still fits."""
    side = 0
    while (side + 1) * (side + 1) * BYTES[bits] <= size:
        side += 1
    return multiples(CLASSIC_STEP[bits], side), multiples(2, side)


def rows_box(bits: int, size: int, width: int | None) -> tuple[int, int]:
    """Width and height of `rows`: rows are added until every byte has its place."""
    if width is None:
        width = 64
        while width < 1 << 20 and width * width * BYTES[bits] < size:
            width += width
    whole, rest = divmod(size, width * BYTES[bits])
    return width, whole + (1 if rest else 0)


def hilbert_box(bits: int, size: int) -> tuple[int, int]:
    """Width and height of `hilbert`: 1×1, 2×1, 2×2, 4×2, 4×4 … until every byte has its place."""
    width = height = 1
    while width * height * BYTES[bits] < size:
        if width == height:
            width += width
        else:
            height += height
    return width, height


def pages_box(bits: int, size: int, width: int | None) -> tuple[int, int]:
    """Width and height of `pages`: rows of blocks are added until every byte has its place."""
    width = width or rows_box(bits, size, None)[0]
    whole, rest = divmod(size, width * 64 * BYTES[bits])
    return width, 64 * (whole + (1 if rest else 0))


def box(layout: str, bits: int, size: int, width: int | None = None) -> tuple[int, int]:
    """Width and height of any shape."""
    if layout == "hilbert":
        return hilbert_box(bits, size)
    if layout == "pages":
        return pages_box(bits, size, width)
    return classic_square(bits, size) if layout == "classic" else rows_box(bits, size, width)


def turtle(order: int) -> Iterator[tuple[int, int]]:
    """Hilbert's curve by the L-system A → +BF−AFA−FB+, B → −AF+BFB+FA−; the turtle looks down."""
    rules = {"A": "+BF-AFA-FB+", "B": "-AF+BFB+FA-"}
    word = "A"
    for _ in range(order):
        word = "".join(rules.get(letter, letter) for letter in word)
    x, y, right, down = 0, 0, 0, 1
    yield x, y
    for letter in word:
        if letter == "+":
            right, down = down, -right
        elif letter == "-":
            right, down = -down, right
        elif letter == "F":
            x, y = x + right, y + down
            yield x, y


def hilbert_number(side: int, x: int, y: int) -> int:
    """The steps to (x, y) in a curve that enters at the top left and leaves at the bottom left.

    A curve that enters a square at one corner and leaves it at the next crosses to the far corners
    in between. Its first quarter leads along the edge away from the end, its last one back.
    """
    enter, leave = (0, 0), (0, 1)
    left = top = steps = 0
    while side > 1:
        side //= 2
        beside_enter = (1 - leave[0], 1 - leave[1])
        beside_leave = (1 - enter[0], 1 - enter[1])
        corner = (int(x >= left + side), int(y >= top + side))
        left, top = left + side * corner[0], top + side * corner[1]
        way = [enter, beside_enter, beside_leave, leave]
        ends = [(enter, beside_enter), (enter, leave), (enter, leave), (beside_leave, leave)]
        steps += way.index(corner) * side * side
        enter, leave = ends[way.index(corner)]
    return steps


def walk(layout: str, columns: int, rows: int) -> Iterator[tuple[int, int]]:
    """All pixels of a small picture in the order in which its layout visits them."""
    if layout == "hilbert":
        visited = list(turtle(columns.bit_length() - 1))
        assert [hilbert_number(columns, *pixel) for pixel in visited] == [*range(columns * columns)]
        yield from visited[: columns * rows]
    elif layout == "pages":
        for top in range(0, rows, 64):
            for left in range(0, columns, 64):
                for y in range(top, top + 64):
                    for x in range(left, left + 64):
                        yield x, y
    else:
        for y in range(rows):
            for x in range(columns):
                yield x, y


def steps_to(layout: str, columns: int, x: int, y: int) -> int:
    """How many pixels of a large picture come before (x, y)."""
    if layout == "hilbert":
        return hilbert_number(columns, x, y)
    steps = 0
    if layout == "pages":
        steps += 64 * columns * (y // 64)
        steps += 64 * 64 * (x // 64)
        return steps + 64 * (y % 64) + x % 64
    steps += y * columns
    return steps + x


def geometry_case(
    layout: str, bits: int, size: int, width: int | None, expected: tuple[int, int]
) -> dict[str, Any]:
    """One vector of `geometry` with everything that follows from width and height."""
    columns, rows = expected
    return {
        **shape(layout, bits, size, width),
        "expect": {
            "width": columns,
            "height": rows,
            "pixel_bytes": BYTES[bits],
            "row_bytes": columns * BYTES[bits] if layout in BMPS else None,
            "raster_bytes": hex(rows * columns * BYTES[bits]) if layout in BMPS else None,
        },
    }


def geometries() -> list[dict[str, Any]]:
    """Golden numbers first, then the edges of every rule."""
    cases = []
    for size, bits, width, height, unseen in GOLDEN + UNSHEARED:
        assert size - width * height * BYTES[bits] == unseen
        cases.append(geometry_case("classic", bits, size, None, (width, height)))
    for bits in BYTES:
        side = max(CLASSIC_STEP[bits], 2)
        for size in (side * side * BYTES[bits], 0x1234, 0xFFFF, 0x10001):
            cases.append(geometry_case("classic", bits, size, None, classic_square(bits, size)))
        for size in (1, 2, 5, 4095, 4096, 4097, 0x4000, 0x4001, 0x5E001, 0x380001):
            cases.append(geometry_case("rows", bits, size, None, rows_box(bits, size, None)))
        for factor in (1, 25, 1000):
            width = STEP[bits] * factor
            cases.append(
                geometry_case("rows", bits, 0x5E001, width, rows_box(bits, 0x5E001, width))
            )
        # The widest default: 2**20 squared pixels, one byte less and one byte more.
        full = (1 << 40) * BYTES[bits]
        for size, height in ((full - 1, 1 << 20), (full, 1 << 20), (full + 1, (1 << 20) + 1)):
            cases.append(geometry_case("rows", bits, size, None, (1 << 20, height)))
        half = 8_192 * 8_192 * BYTES[bits]
        cases.append(geometry_case("rows", bits, half, None, (8_192, 8_192)))
        cases.append(geometry_case("rows", bits, half + 1, None, (16_384, 4_097)))
    cases.append(geometry_case("rows", 8, 1 << 60, None, (1 << 20, 1 << 40)))
    cases.append(geometry_case("classic", 32, 1 << 62, None, (1 << 30, 1 << 30)))
    return cases + hilbert_geometries() + pages_geometries()


def hilbert_geometries() -> list[dict[str, Any]]:
    """Every order once, exactly full, half full, and one byte more than that."""
    cases = [geometry_case("hilbert", 8, 0x5E001, None, (1024, 512))]
    for bits in BYTES:
        for size in (1, 2, 3, 4, 5, 8, 9, 12, 0x5E001, (1 << 32) + 1, 1 << 40):
            cases.append(geometry_case("hilbert", bits, size, None, hilbert_box(bits, size)))
        for order in (1, 6, 9, 16, 20, 31):
            side = 1 << order
            full = side * side * BYTES[bits]
            halves = [(full // 2, side // 2), (full // 2 + 1, side), (full, side)]
            cases += [
                geometry_case("hilbert", bits, size, None, (side, high)) for size, high in halves
            ]
            cases.append(geometry_case("hilbert", bits, full + 1, None, (2 * side, side)))
    cases.append(geometry_case("hilbert", 8, (1 << 64) - 1, None, (1 << 32, 1 << 32)))
    return cases


def pages_geometries() -> list[dict[str, Any]]:
    """One block, one more, the widest default, and widths that are given."""
    cases = [
        geometry_case("pages", 8, 0x1000, None, (64, 64)),
        geometry_case("pages", 8, 0x1001, None, (128, 64)),
        geometry_case("pages", 8, 0x5E001, None, (1024, 384)),
        geometry_case("pages", 8, (1 << 32) + 1, None, (131_072, 32_832)),
        geometry_case("pages", 8, 1 << 40, None, (1 << 20, 1 << 20)),
        geometry_case("pages", 8, (1 << 40) + 1, None, (1 << 20, (1 << 20) + 64)),
    ]
    for bits in BYTES:
        for size in (1, 4096, 4097, 0x4000, 0x4001, 0x5E001, (1 << 32) + 1, 1 << 40):
            cases.append(geometry_case("pages", bits, size, None, pages_box(bits, size, None)))
        for width in (64, 192, 4096):
            cases.append(
                geometry_case("pages", bits, 0x5E001, width, pages_box(bits, 0x5E001, width))
            )
    return cases


def geometries_refused() -> list[dict[str, Any]]:
    """Shapes that nobody can draw."""
    refused = [shape(layout, bits, 0) for layout in LAYOUTS for bits in BYTES]
    for bits in BYTES:
        smallest = max(CLASSIC_STEP[bits], 2)
        too_few = smallest * smallest * BYTES[bits] - 1
        refused += [shape("classic", bits, size) for size in (1, too_few)]
        refused += [shape("rows", bits, 0x1000, width) for width in (0, -STEP[bits])]
        refused += [
            shape("rows", bits, 0x1000, STEP[bits] * 9 + more) for more in range(1, STEP[bits])
        ]
        refused += [shape("pages", bits, 0x1000, width) for width in (-64, 0, 4, 32, 63, 65, 96)]
        refused += [shape("hilbert", bits, 0x1000, width) for width in (64, 0)]
    refused.append(shape("classic", 8, 0x1000, 64))
    return refused


SMALL = [
    ("rows", 8, 4 * 5, 4),
    ("rows", 8, 4 * 5 + 1, 4),
    ("rows", 8, 130, None),
    ("rows", 16, 2 * 6 * 3 + 1, 6),
    ("rows", 24, 3 * 4 * 3 + 4, 4),
    ("rows", 24, 3 * 4 * 3 + 5, 4),
    ("rows", 32, 4 * 3 * 2 + 3, 3),
    ("classic", 8, 100, None),
    ("classic", 16, 59, None),
    ("classic", 24, 100, None),
    ("classic", 32, 55, None),
]
HILBERTS = [
    ("hilbert", 8, 1, None),
    ("hilbert", 8, 2, None),
    ("hilbert", 8, 3, None),
    ("hilbert", 8, 4, None),
    ("hilbert", 8, 5, None),
    ("hilbert", 8, 64, None),
    ("hilbert", 8, 129, None),
    ("hilbert", 16, 2 * 31 + 1, None),
    ("hilbert", 24, 3 * 32 + 1, None),
    ("hilbert", 24, 3 * 13 + 2, None),
    ("hilbert", 32, 4 * 16 + 3, None),
]
PAGES = [
    ("pages", 8, 1, None),
    ("pages", 8, 0x3001, None),
    ("pages", 8, 0x5FFF, 192),
    ("pages", 16, 0x8005, None),
    ("pages", 24, 3 * 0x3000 + 1, 64),
    ("pages", 32, 0xFFFF, 320),
]


def walked(layout: str, bits: int, size: int, width: int | None) -> dict[str, Any]:
    """Every byte and every pixel of a small picture, by walking it as its layout does."""
    columns, rows = box(layout, bits, size, width)
    pixel_of: list[list[int] | None] = [None] * size
    bytes_of: list[list[Any]] = []
    upcoming = 0
    for x, y in walk(layout, columns, rows):
        here = list(range(upcoming, upcoming + BYTES[bits]))
        upcoming += BYTES[bits]
        inside = [offset for offset in here if offset < size]
        for offset in inside:
            pixel_of[offset] = [x, y]
        bytes_of.append([[x, y], [hex(inside[0]), len(inside)] if inside else None])
    return {
        "shape": shape(layout, bits, size, width),
        "offsets": [[hex(offset), pixel] for offset, pixel in enumerate(pixel_of)],
        "pixels": bytes_of,
        "refused_offsets": [hex(size), hex(size + 1), hex(1 << 64)],
        "refused_pixels": [[columns, 0], [0, rows], [-1, 0], [0, -1], [columns, rows]],
    }


def chosen(
    layout: str, bits: int, size: int, width: int | None, pixels: list[tuple[int, int]]
) -> dict[str, Any]:
    """Chosen pixels of a picture too large to walk, and the last byte of each."""
    columns, rows = box(layout, bits, size, width)
    offsets, found = [], []
    for x, y in pixels:
        first = steps_to(layout, columns, x, y) * BYTES[bits]
        count = max(0, min(BYTES[bits], size - first))
        found.append([[x, y], [hex(first), count] if count else None])
        if count:
            offsets += [[hex(first), [x, y]], [hex(first + count - 1), [x, y]]]
    return {
        "shape": shape(layout, bits, size, width),
        "offsets": offsets,
        "pixels": found,
        "refused_offsets": [hex(size)],
        "refused_pixels": [[columns, 0], [0, rows]],
    }


LARGE = [(1 << 32) + 1, 1 << 40, (1 << 55) + 1, (1 << 64) - 1]


def large_hilbert(bits: int, size: int) -> dict[str, Any]:
    """Corners, the middle, and some pixels where the curve has turned often."""
    columns, rows = hilbert_box(bits, size)
    right, bottom = columns - 1, rows - 1
    pixels = [(0, 0), (right, 0), (0, bottom), (right, bottom), (columns // 2, rows // 2)]
    pixels += [(columns // 2 - 1, rows // 2), (columns // 3, rows // 3), (columns // 7, rows // 5)]
    return chosen("hilbert", bits, size, None, pixels)


def large_pages(bits: int, size: int, width: int | None) -> dict[str, Any]:
    """Corners of the picture and of blocks; rows below 2**53, for they are JavaScript numbers."""
    columns, rows = pages_box(bits, size, width)
    assert rows < 1 << 53
    right, bottom = columns - 1, rows - 1
    pixels = [(0, 0), (right, 0), (0, bottom), (right, bottom), (63, 63), (64, 0), (64, 64)]
    pixels += [(0, rows - 64), (columns // 2, rows // 2), (columns // 3, rows // 3)]
    return chosen("pages", bits, size, width, pixels)


def thinned(layout: str, bits: int, size: int, width: int | None) -> dict[str, Any]:
    """A picture of some thousand pixels: some of them all over it, and what is at its end."""
    case = walked(layout, bits, size, width)
    for name in ("offsets", "pixels"):
        case[name] = case[name][:2] + case[name][63::157] + case[name][64::1024] + case[name][-2:]
    return case


def pictures() -> list[dict[str, Any]]:
    """Pixel ↔ offset: small ones in full, large ones at chosen pixels."""
    hal = 0x5E001
    cases = [walked(*small) for small in SMALL]
    cases += [
        chosen("rows", 8, hal, None, [(0, 0), (1023, 0), (0, 1), (0, 376), (1, 376), (1023, 376)]),
        chosen("rows", 24, hal, None, [(511, 0), (0, 250), (341, 250), (342, 250), (511, 250)]),
        chosen("rows", 32, hal, None, [(511, 187), (0, 188), (1, 188), (511, 188)]),
        chosen("rows", 8, 1 << 60, None, [(0, 0), (5, 1 << 35), ((1 << 20) - 1, (1 << 40) - 1)]),
        chosen("rows", 24, (1 << 55) + 1, 16_384, [(7, 1 << 38), (16_383, 3)]),
    ]
    cases += [walked(*small) for small in HILBERTS]
    cases += [large_hilbert(bits, size) for bits in BYTES for size in LARGE]
    cases += [thinned(*small) for small in PAGES]
    cases += [large_pages(bits, size, None) for bits in BYTES for size in LARGE]
    cases.append(large_pages(8, LARGE[0], 192))
    tail = walked("classic", 8, 0x1FFF, None)
    tail["pixels"] = tail["pixels"][-3:]
    tail["offsets"] = tail["offsets"][:2] + tail["offsets"][-600:][::37]
    return [*cases, tail]


def cut(height: int, row_bytes: int, limit: int) -> list[list[int]]:
    """Rows dealt out one by one; a new part begins where the next row would not fit."""
    found: list[list[int]] = []
    for row in range(height):
        if not found or (found[-1][1] + 1) * row_bytes > limit:
            found.append([row, 0])
        found[-1][1] += 1
    return found


def parts() -> list[dict[str, Any]]:
    """BMP parts at limits of one row, a little more, a divisor, everything."""
    cases = []
    for layout, bits, size, width in SMALL:
        columns, rows = box(layout, bits, size, width)
        row = columns * BYTES[bits]
        for limit in (row, row + 1, 2 * row - 1, 2 * row, 3 * row, row * rows, 1 << 40):
            cases.append(
                {
                    "shape": shape(layout, bits, size, width),
                    "raster_limit": hex(limit),
                    "parts": cut(rows, row, limit),
                }
            )
    return cases


def parts_refused() -> list[dict[str, Any]]:
    """Limits below one row."""
    cases = []
    for layout, bits, size, width in SMALL:
        columns, _ = box(layout, bits, size, width)
        for limit in (0, 1, columns * BYTES[bits] - 1):
            if limit < columns * BYTES[bits]:
                cases.append(
                    {"shape": shape(layout, bits, size, width), "raster_limit": hex(limit)}
                )
    return cases


def placement(
    start: int, layout: str, bits: int, size: int, width: int | None, x: int, y: int
) -> dict[str, Any]:
    """A small picture in an atlas: all of it, a frame of pixels around it, addresses beyond it."""
    picture = (thinned if layout == "pages" else walked)(layout, bits, size, width)
    columns, rows = box(layout, bits, size, width)
    pixels = [
        [[x + px, y + py], found and [hex(start + int(found[0], 16)), found[1]]]
        for (px, py), found in picture["pixels"]
    ]
    outside = [(-1, 0), (0, -1), (columns, 0), (0, rows), (columns, rows), (-x, -y)]
    pixels += [[[x + px, y + py], None] for px, py in outside]
    addresses = [
        [hex(start + int(offset, 16)), pixel and [x + pixel[0], y + pixel[1]]]
        for offset, pixel in picture["offsets"]
    ]
    beyond = [start - 1, start + size, 0, (1 << 64) - 1]
    addresses += [
        [hex(address), None]
        for address in beyond
        if address >= 0 and not 0 <= address - start < size
    ]
    return {
        "start": hex(start),
        "shape": shape(layout, bits, size, width),
        "x": x,
        "y": y,
        "pixels": pixels,
        "addresses": addresses,
    }


def placements() -> list[dict[str, Any]]:
    """Addresses from small ones over 2^53 to the very last one."""
    end = 1 << 64
    return [
        placement(0x400000, "rows", 8, 21, 4, 3, 5),
        placement((1 << 53) + 1, "rows", 8, 21, 4, 1000, 2000),
        placement(0x7F12_A000_3C10, "rows", 16, 37, 6, 1 << 20, 1 << 20),
        placement(0xFFFF_F800_0080_0000, "rows", 24, 41, 4, 70_000, 1),
        placement(end - 20, "rows", 8, 20, 4, 1, 1),
        placement(end - 27, "rows", 32, 27, 3, 9, 9),
        placement(end - 100, "classic", 8, 100, None, 12, 34),
        placement((1 << 53) + 1, "hilbert", 8, 21, None, 7, 8),
        placement(0x7F12_A000_3C10, "hilbert", 24, 100, None, 1 << 20, 3),
        placement(end - 33, "hilbert", 16, 33, None, 2, 1),
        placement(0xFFFF_F800_0080_0000, "pages", 16, 3 * 0x2000 + 1, 128, 70_000, 1),
        placement(end - 0x1001, "pages", 8, 0x1001, None, 5, 6),
    ]


def main() -> None:
    """Writes layout.json beside this file."""
    vectors = {
        "geometry": geometries(),
        "geometry_refused": geometries_refused(),
        "pictures": pictures(),
        "parts": parts(),
        "parts_refused": parts_refused(),
        "placements": placements(),
    }
    lists = ",\n".join(
        f'"{name}": [\n' + ",\n".join(json.dumps(case) for case in cases) + "\n]"
        for name, cases in vectors.items()
    )
    target = Path(__file__).with_name("layout.json")
    target.write_text("{\n" + lists + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
