"""The text of `/proc/PID/maps` that breakpad keeps in minidumps of Linux."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace

from memtiles.errors import DumpError
from memtiles.memory.dump import Kind, Mapping, Module
from memtiles.memory.minidump.streams import Streams, StreamType
from memtiles.memory.process.landmarks import Landmark
from memtiles.memory.process.modules import modules_of
from memtiles.memory.process.proc_maps import parse_proc_maps

_TEXT_LIMIT = 64 << 20  # about half a million mappings


def linux_mappings(streams: Streams) -> tuple[Mapping, ...]:
    """The mappings of the process; none, with a warning, where the text is damaged.

    Raises:
        LimitError: The text is longer than is read.
    """
    try:
        text = streams.text(StreamType.LINUX_MAPS, _TEXT_LIMIT)
        return parse_proc_maps(text, StreamType.LINUX_MAPS.words)
    except DumpError as problem:
        streams.warnings.append(f"{problem}: not used")
        return ()


def with_landmarks(mappings: Sequence[Mapping], landmarks: Sequence[Landmark]) -> list[Mapping]:
    """The mappings, with the kinds and names that landmarks give to anonymous ones.

    Linux names the stack of the first thread only, and in a real dump of Ubuntu not even that.
    """
    marked = list(mappings)
    starts = [mapping.span.start for mapping in marked]
    for address, kind, title in landmarks:
        at = bisect_right(starts, address) - 1
        if at >= 0 and address in marked[at].span and marked[at].kind is Kind.ANONYMOUS:
            marked[at] = replace(marked[at], kind=kind, name=marked[at].name or title)
    return marked


def whole_images(modules: Sequence[Module], mappings: Sequence[Mapping]) -> tuple[Module, ...]:
    """Modules as far as their mappings reach.

    breakpad lists a library with the size of its first mapping, the text: the data of libc,
    2 MiB further up, would be nobody's. Where there is no list, the mappings are all there is.
    """
    images = modules_of(mappings)
    if not modules:
        return images
    by_start = {(image.path, image.span.start): image.span for image in images}
    wider = []
    for module in modules:
        span = by_start.get((module.path, module.span.start), module.span)
        wider.append(replace(module, span=max(span, module.span)))
    return tuple(wider)
