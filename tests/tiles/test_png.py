"""PNG files of our own against Pillow, and the same bytes whatever lies in memory."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from memtiles.tiles.png import png
from memtiles.tiles.rows import rows_of

# Narrow columns of memory on an empty plane, as tall atlases are: one such tile in fifty differed.
PROGRAM = """
import hashlib
import numpy as np
from memtiles.tiles.png import png
from memtiles.tiles.rows import rows_of

random = np.random.default_rng(5)
digest = hashlib.sha256()
for width in (1, 3, 6, 12) * 15:
    pixels = np.zeros((1024, 1024, 2), np.uint8)
    pixels[:, :width, 0] = random.integers(0, 256, (1024, width), dtype=np.uint8)
    pixels[:, :width, 0] &= random.integers(0, 256, dtype=np.uint8)
    pixels[:, :width, 1] = 255
    digest.update(png(pixels))
    pixels = np.zeros((512, 512, 1), np.uint8)
    pixels[100 : 100 + width] = random.integers(0, 16, (width, 512, 1), dtype=np.uint8)
    pixels[400 : 400 + width, :50] = random.integers(0, 4, (width, 50, 1), dtype=np.uint8)
    digest.update(png(rows_of(pixels)))
print(digest.hexdigest())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="not run: only glibc fills memory so")
def test_what_lay_in_memory_before_decides_nothing() -> None:
    """glibc fills all memory that it hands out with rubbish; ISA-L's table of matches, too."""
    digests = set()
    for rubbish in ("0", "85", "127", "255"):
        environment = {**os.environ, "MALLOC_PERTURB_": rubbish}
        command = [sys.executable, "-c", PROGRAM]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        digests.add(done.stdout)
    assert len(digests) == 1


@given(st.integers(1, 70), st.integers(1, 70), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_pillow_reads_what_was_written(width: int, height: int, bands: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    pixels = random.integers(0, random.integers(1, 257), (height, width, bands), dtype=np.uint8)
    with Image.open(BytesIO(png(pixels))) as image:
        image.load()
        assert image.mode == {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[bands]
        assert np.array_equal(np.asarray(image).reshape(pixels.shape), pixels)


@given(
    st.lists(
        st.tuples(st.sampled_from(["zeros", "other", "hole"]), st.integers(1, 30)), min_size=1
    ),
    st.sampled_from([(8, 1), (64, 1), (512, 1), (4, 2), (64, 2), (512, 2)]),
    st.integers(0, 2**32 - 1),
)
def test_rows_of_nothing_are_compressed_apart(
    bands_of_rows: list[tuple[str, int]], shape: tuple[int, int], seed: int
) -> None:
    """The stream is one of zlib's, checksum and all, and the file has the same pixels."""
    random = np.random.default_rng(seed)
    width, bands = shape
    pieces = []
    for kind, count in bands_of_rows:
        rows = np.zeros((count, width, bands), np.uint8)
        if kind == "other":
            rows[:] = random.integers(0, random.integers(1, 257), rows.shape)
        elif kind == "zeros" and bands == 2:
            rows[:, :, 1] = 255
        pieces.append(rows)
    pixels = np.concatenate(pieces)
    content = png(rows_of(pixels))
    at = content.index(b"IDAT")
    (size,) = struct.unpack(">I", content[at - 4 : at])
    stream = zlib.decompress(content[at + 4 : at + 4 + size])
    filtered = np.frombuffer(stream, np.uint8).reshape(len(pixels), -1)
    assert not filtered[:, 0].any()
    assert np.array_equal(filtered[:, 1:], pixels.reshape(len(pixels), -1))
    with Image.open(BytesIO(content)) as image:
        assert np.array_equal(np.asarray(image).reshape(pixels.shape), pixels)


def test_a_second_reader_agrees(tmp_path: Path) -> None:
    """libpng by way of libvips, which checks every checksum."""
    import pyvips

    pixels = np.random.default_rng(3).integers(0, 256, (300, 200, 4), dtype=np.uint8)
    sparse = np.array(pixels[:, :, 2:])
    sparse[20:180], sparse[190:], sparse[100:150, :, 1] = 0, 0, 255
    for image, file in ((pixels, png(pixels)), (sparse, png(rows_of(sparse)))):
        (tmp_path / "tile.png").write_bytes(file)
        found = pyvips.Image.new_from_file(
            str(tmp_path / "tile.png"), fail_on="warning", revalidate=True
        )
        assert np.array_equal(found.numpy(), image)
