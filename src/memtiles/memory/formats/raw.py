"""Any file as memory: its first byte at a base address, no holes."""

from __future__ import annotations

from memtiles.errors import DumpError
from memtiles.memory.dump import Contents, Dump, Kind, Mapping
from memtiles.memory.extents import ExtentSpace
from memtiles.memory.formats import Options
from memtiles.memory.source import FileSource
from memtiles.memory.space import SpaceKind
from memtiles.memory.span import ADDRESS_LIMIT, Span


class Raw:
    """One extent, one mapping of the file's name."""

    name = "raw"
    takes = frozenset({"base", "cr3"})

    def sniff(self, head: bytes) -> bool:
        """Never: every file can be pictured raw, so that is only done when asked for."""
        return False

    def open(self, source: FileSource, options: Options) -> Dump:
        base = options.base or 0
        if not 0 <= base <= ADDRESS_LIMIT - source.size:
            raise DumpError(
                f"{source.name}: {source.size:#x} bytes from base {base:#x} on leave the 64-bit "
                "address space: choose another base"
            )
        file = Mapping(Span(base, source.size), Kind.FILE, source.name, file_offset=0)
        kind = options.space or SpaceKind.VIRTUAL
        return Dump(
            name=source.name,
            format=self.name,
            size=source.size,
            spaces=(ExtentSpace(kind, source, [base], [source.size], [0]),),
            read_contents=lambda _: Contents((file,)),
            identity=source.identity,
            close=source.close,
        )


FORMAT = Raw()
