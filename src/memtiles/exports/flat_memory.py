"""Memory as a flat file: what WinDbg's `.writemem` writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from memtiles.errors import DumpError
from memtiles.exports.image_format import check_limit
from memtiles.exports.target import Output, new_output
from memtiles.limits import OUTPUT_LIMIT
from memtiles.memory.holes import holes_in_words
from memtiles.memory.runs import Runs
from memtiles.memory.space import AddressSpace, Memory
from memtiles.memory.span import Span

Holes = Literal["zero", "skip", "error"]
HOLES: tuple[Holes, ...] = get_args(Holes)

_BLOCK = 4 << 20


@dataclass(frozen=True)
class Extracted:
    """How many bytes were written, and how many of the range are not in the dump."""

    written: int
    missing: int


def save_flat_memory(
    space: AddressSpace,
    span: Span,
    target: str,
    inputs: Sequence[Path],
    *,
    holes: Holes = "zero",
    limit: int = OUTPUT_LIMIT,
    force: bool = False,
    advance: Callable[[int], object] = lambda _: None,
) -> Extracted:
    """Writes the bytes of a span.

    Args:
        space: Where they come from.
        span: Which.
        target: The file to write, or `-` for standard output.
        inputs: Files that must not be written over.
        holes: `zero` writes zeros for what is missing, so that offsets stay right; `skip` leaves
            it out; `error` refuses.
        limit: The most bytes to write.
        force: Replace a file that is there.
        advance: Told the number of addresses that are done.

    Raises:
        DumpError: Nothing of it is in the dump, or something is missing and `holes` is `error`.
        LimitError: It is too large.
        MemtilesError: As `target.new_output`.
    """
    runs = space.runs(span)
    if not len(runs):
        why = holes_in_words(space, span)
        raise DumpError(f"nothing of {span} is in the dump{why}; `memtiles info` lists what is")
    if holes == "error" and not runs.is_whole(span.size):
        raise DumpError(_first_hole(runs, span, holes_in_words(space, span)))
    check_limit(target, runs.total if holes == "skip" else span.size, limit)
    written = 0
    missing = span.size
    end = 0
    with new_output(target, inputs, force=force) as output:
        for start, size in runs:
            written += _write_hole(output, start - end, holes)
            for offset in range(start, start + size, _BLOCK):
                block = Span(span.start + offset, min(_BLOCK, start + size - offset))
                memory = space.read(block)
                if holes == "error" and not memory.runs.is_whole(block.size):
                    raise DumpError(_first_hole(memory.runs, block))
                written += _write(output, memory, holes)
                missing -= memory.runs.total
                advance(block.size)
            end = start + size
        written += _write_hole(output, span.size - end, holes)
    return Extracted(written, missing)


def _first_hole(runs: Runs, span: Span, why: str = "") -> str:
    start, size = next(iter(runs), (0, 0))
    first = span.start if start else span.start + size
    return (
        f"{span.size - runs.total:,} bytes of {span} are not in the dump{why}, the first at "
        f"{first:#x}: "
        "choose another range, or --holes zero or skip"
    )


def _write_hole(output: Output, size: int, holes: Holes) -> int:
    if holes == "skip":
        return 0
    output.zeros(size)
    return size


def _write(output: Output, memory: Memory, holes: Holes) -> int:
    """What is present of a block: in a live process, pages can go away meanwhile."""
    if holes == "skip":
        for start, size in memory.runs:
            output.write(memory.data[start : start + size].data)
        return memory.runs.total
    output.write(memory.data.data)
    return len(memory.data)
