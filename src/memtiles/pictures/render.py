"""Rendering: a span of an address space becomes BMP + run list + digest, in one pass.

Each byte of the dump is read here and nowhere else; tiles come from what this leaves behind.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from memtiles.memory.runs import NO_RUNS, Runs
from memtiles.memory.space import AddressSpace
from memtiles.memory.span import Span
from memtiles.pictures import bmp
from memtiles.pictures.bmp_writer import BmpWriter
from memtiles.pictures.digest import HASH_BLOCK, SHA256, Hash, RegionDigest, block_digests
from memtiles.pictures.layout import Geometry
from memtiles.pictures.parts import BmpPart, bmp_parts
from memtiles.threads import in_order

# What a thread takes at a time: to hand over less costs as much as the work itself.
READ_BLOCK = 4 * HASH_BLOCK

RUNS_FILE = "runs.json"


@dataclass(frozen=True)
class Rendered:
    """What rendering leaves in a folder; the digests are over run list and present bytes."""

    shape: Geometry
    bmp: tuple[BmpPart, ...]
    runs: Runs
    digests: tuple[str, ...]


def render(
    space: AddressSpace,
    span: Span,
    shape: Geometry,
    folder: Path,
    jobs: int = 1,
    advance: Callable[[int], object] = lambda _: None,
    raster_limit: int = bmp.RASTER_LIMIT,
    hashes: Sequence[Hash] = (SHA256,),
) -> Rendered:
    """Reads `span` once and writes its BMP and `runs.json` into `folder`.

    What is missing or zero for all that the dump's tables say is not read: it costs no time.

    Args:
        space: Where the bytes come from.
        span: Which bytes.
        shape: Its geometry; `shape.size` is the span's size.
        folder: An existing, empty folder.
        jobs: Threads.
        advance: Told the number of bytes that are done, in this thread.
        raster_limit: Bytes of raster in one BMP.
        hashes: By which to compute digests; called from several threads.

    Raises:
        DumpError: The dump changed or was cut while it was read.
    """
    files = bmp_parts(shape, raster_limit=raster_limit)
    with BmpWriter(folder, shape, files) as writer:
        runs, digests = _walk(space, span, writer, jobs, advance, hashes)
        writer.finish()
    text = runs_json(runs, span.size)
    (folder / RUNS_FILE).write_bytes(text)
    return Rendered(shape, files, runs, tuple(one.hexdigest(text) for one in digests))


def digests_of(
    space: AddressSpace,
    span: Span,
    jobs: int = 1,
    advance: Callable[[int], object] = lambda _: None,
    hashes: Sequence[Hash] = (SHA256,),
) -> tuple[str, ...]:
    """The digests that `render` would find, with nothing written; arguments and errors as there."""
    runs, digests = _walk(space, span, _Nowhere(), jobs, advance, hashes)
    text = runs_json(runs, span.size)
    return tuple(one.hexdigest(text) for one in digests)


def runs_json(runs: Runs, size: int) -> bytes:
    """The content of `runs.json`: `[offset, size]` pieces of a region of `size` bytes, in hex."""
    pieces = [[hex(start), hex(length)] for start, length in runs]
    content = {"version": 1, "size": hex(size), "runs": pieces}
    return json.dumps(content, separators=(",", ":")).encode("ascii")


def read_runs_json(text: bytes) -> tuple[Runs, int]:
    """Runs and region size out of `runs.json`.

    Raises:
        ValueError: It is not one that this version writes.
    """
    try:
        content = json.loads(text)
        if content["version"] != 1:
            raise ValueError(f"run list of unknown version {content['version']!r}")
        pieces = [(int(start, 16), int(size, 16)) for start, size in content["runs"]]
        return Runs.of(pieces), int(content["size"], 16)
    except (KeyError, TypeError, OverflowError, RecursionError) as error:
        raise ValueError(f"not a run list: {error}") from None


class _Sink(Protocol):
    """Where the bytes of a region go."""

    def write(self, offset: int, data: npt.NDArray[np.uint8]) -> None:
        """Takes bytes from an offset of the region on; called from several threads."""

    def done(self, end: int) -> None:
        """Told that nothing comes any more before the offset `end`."""


class _Nowhere:
    def write(self, offset: int, data: npt.NDArray[np.uint8]) -> None:
        pass

    def done(self, end: int) -> None:
        pass


class _Stretch(NamedTuple):
    """Bytes of a region to read; or that need not be read, being all zeros or all missing."""

    start: int
    size: int
    present: bool | None = None


class _Found(NamedTuple):
    """What a stretch came to: digests of its blocks by each hash, `times` over; what is present."""

    stretch: _Stretch
    digests: list[bytes]
    times: int
    runs: Runs


def _walk(
    space: AddressSpace,
    span: Span,
    sink: _Sink,
    jobs: int,
    advance: Callable[[int], object],
    hashes: Sequence[Hash],
) -> tuple[Runs, list[RegionDigest]]:
    """Reads a region side by side, and puts what comes of it in order."""

    def take(stretch: _Stretch) -> _Found:
        start, size, present = stretch
        if present is not None:
            runs = Runs.of([(start, size)]) if present else NO_RUNS
            known = [one.of_known(present=present) for one in hashes]
            return _Found(stretch, known, size // HASH_BLOCK, runs)
        digests = [bytearray() for _ in hashes]
        pieces: list[tuple[int, int]] = []
        for at in range(start, start + size, HASH_BLOCK):
            memory = space.read(Span(span.start + at, min(HASH_BLOCK, start + size - at)))
            sink.write(at, memory.data)
            for found, more in zip(
                digests, block_digests(memory.data, memory.runs, hashes), strict=True
            ):
                found += more
            pieces += [(at + first, length) for first, length in memory.runs]
        return _Found(stretch, [bytes(one) for one in digests], 1, Runs.of(pieces))

    digests = [RegionDigest(one) for one in hashes]
    pieces: list[tuple[int, int]] = []
    threads = jobs if span.size > READ_BLOCK else 1
    # Closed before the sink is, whatever happens: no thread writes any more then.
    with closing(in_order(take, _stretches(space, span), threads)) as all_found:
        for stretch, of_blocks, times, runs in all_found:
            for digest, found in zip(digests, of_blocks, strict=True):
                digest.add_blocks(found, times)
            pieces += runs
            sink.done(stretch.start + stretch.size)
            advance(stretch.size)
    return Runs.of(pieces), digests


def _stretches(space: AddressSpace, span: Span) -> Iterator[_Stretch]:
    """A region cut into what is read at a time, and what need not be read however long it is."""
    known: list[_Stretch] = []
    if span.size >= HASH_BLOCK:
        missing = space.runs(span).rest(span.size)
        known += [_Stretch(*one, True) for one in _whole_blocks(space.zeros(span))]
        known += [_Stretch(*one, False) for one in _whole_blocks(missing)]
    at = 0
    for stretch in [*sorted(known), _Stretch(span.size, 0)]:
        for start in range(at, stretch.start, READ_BLOCK):
            yield _Stretch(start, min(READ_BLOCK, stretch.start - start))
        if stretch.size:
            yield stretch
        at = stretch.start + stretch.size


def _whole_blocks(runs: Runs) -> Iterator[tuple[int, int]]:
    """The MiBs that lie in a piece as a whole, as (start, size)."""
    block = np.uint64(HASH_BLOCK)
    begins = runs.firsts // block + (runs.firsts % block > 0)
    ends = runs.lasts // block + (runs.lasts % block == block - 1)
    kept = begins < ends
    for begin, end in zip(begins[kept].tolist(), ends[kept].tolist(), strict=True):
        yield begin * HASH_BLOCK, (end - begin) * HASH_BLOCK
