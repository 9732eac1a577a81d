"""From mappings to modules: which programs and libraries are loaded, and what the rest is for.

Linux has no list of modules. A loaded file shows as several mappings of one path (text, tables,
data), so they are gathered again here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from memtiles.memory.dump import Kind, Mapping, Module
from memtiles.memory.span import Span

_DELETED = " (deleted)"
_STACK = re.compile(r"\[stack(:\d+)?\]")
_KERNEL = re.compile(r"\[(vvar.*|vsyscall|vectors|sigpage|uprobes)\]")
_DRIVE = re.compile(r"[A-Za-z]:[\\/]|\\")

# Loaders may leave unmapped room between the pieces of one image, up to its largest alignment.
# A file that is mapped twice for other reasons lies further apart.
_ROOM_LIMIT = 64 << 20


def modules_of(mappings: Sequence[Mapping]) -> tuple[Module, ...]:
    """The modules among mappings in address order.

    A module is a run of mappings of one path whose file offsets do not go back: where they do,
    the same file is loaded a second time. Anonymous mappings between two pieces belong to it. A
    path is one of a module if any of its mappings is executable, or may be for all that is known.
    """
    modules = []
    for indices in _images(mappings):
        path = mappings[indices[0]].name
        end = max(mappings[index].span.end for index in indices)
        span = Span.between(mappings[indices[0]].span.start, end)
        modules.append(Module(last_part(path), path, span))
    return tuple(modules)


def with_kinds(mappings: Sequence[Mapping]) -> tuple[Mapping, ...]:
    """The mappings in address order, each with its kind; those that modules own are MODULE."""
    ordered = sorted(mappings, key=lambda mapping: mapping.span)
    owned = {index for indices in _images(ordered) for index in indices}
    return tuple(
        replace(mapping, kind=Kind.MODULE if index in owned else _kind_of(mapping.name))
        for index, mapping in enumerate(ordered)
    )


def last_part(path: str) -> str:
    """A path's file name, on either system, without the mark of a deleted file."""
    path = path.removesuffix(_DELETED)
    separators = r"[/\\]" if _DRIVE.match(path) else "/"
    return re.split(separators, path)[-1] or path


def _kind_of(name: str) -> Kind:
    """The kind of a mapping that belongs to no module, by its name in `/proc/PID/maps`."""
    if name == "[heap]":
        return Kind.HEAP
    if _STACK.fullmatch(name):
        return Kind.STACK
    if _KERNEL.fullmatch(name):
        return Kind.KERNEL
    return Kind.FILE if _is_file(name) else Kind.ANONYMOUS


def _is_file(name: str) -> bool:
    """Whether it is a path: /dev/zero stands for shared memory that has no file."""
    named = bool(name) and not name.startswith(("[", "anon_inode:"))
    return named and name.removesuffix(_DELETED) != "/dev/zero"


@dataclass
class _Image:
    """A module while it is gathered: what it owns, and how far its addresses and file reach."""

    path: str
    indices: list[int]
    end: int
    offset: int

    def continues(self, mapping: Mapping, between: Sequence[Mapping]) -> bool:
        """Whether a mapping is its next piece, behind anonymous ones."""
        room = mapping.span.start - self.end - sum(each.span.size for each in between)
        goes_back = _counts(mapping) and (mapping.file_offset or 0) < self.offset
        return mapping.name == self.path and not goes_back and room <= _ROOM_LIMIT

    def add(self, index: int, mapping: Mapping) -> None:
        """Takes a mapping in."""
        self.indices.append(index)
        self.end = max(self.end, mapping.span.end)
        if _counts(mapping):
            self.offset = mapping.file_offset or 0


def _counts(mapping: Mapping) -> bool:
    """Whether a mapping's file offset tells how far its image has come.

    The linker fills the room that an image's 2 MiB alignment leaves with mappings of the same file
    without any access. Their offsets run on beyond the next real piece's (libquadmath in numpy's
    wheel: r-x from 0, --- from 0x3b000, r-- from 0x3a000).
    """
    return not (mapping.protection or "").startswith("---")


def _images(mappings: Sequence[Mapping]) -> list[list[int]]:
    """The modules of sorted mappings, each as the indices of what it owns."""
    paths = {name for name in _executable(mappings) if _is_file(name) or name == "[vdso]"}
    images: list[_Image] = []
    image: _Image | None = None
    between: list[int] = []
    for index, mapping in enumerate(mappings):
        if mapping.name in paths:
            if image is None or not image.continues(mapping, [mappings[i] for i in between]):
                image = _Image(mapping.name, [], mapping.span.end, 0)
                images.append(image)
                between = []
            image.indices += between
            image.add(index, mapping)
            between = []
        elif _kind_of(mapping.name) is Kind.ANONYMOUS:
            between.append(index)
        else:
            image, between = None, []
    return [image.indices for image in images]


def _executable(mappings: Sequence[Mapping]) -> set[str]:
    """The names that have an executable mapping, or probably have one.

    gdb's gcore leaves program text out altogether, with its protection: the list of files is all
    that tells of it. Then a file in pieces from several offsets is taken for a program: text,
    tables and data. Mapped data files lie in one piece.
    """
    executable = {
        mapping.name for mapping in mappings if mapping.protection and "x" in mapping.protection
    }
    unknown = {mapping.name for mapping in mappings if mapping.protection is None}
    offsets: dict[str, int | None] = {}
    for mapping in mappings:
        first = offsets.setdefault(mapping.name, mapping.file_offset)
        if mapping.name in unknown and mapping.file_offset != first:
            executable.add(mapping.name)
    return executable
