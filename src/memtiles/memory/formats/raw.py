"""Any file as memory: its first byte at a base address, no holes.

Where page tables are said to be in it, it is the physical memory of a machine.
"""

from __future__ import annotations

from memtiles.errors import DumpError
from memtiles.memory.dump import Contents, Dump, Kind, Mapping
from memtiles.memory.extents import ExtentSpace
from memtiles.memory.files.source import FileSource
from memtiles.memory.machine.spaces import Machine, Paging, paging_of
from memtiles.memory.options import Options
from memtiles.memory.space import AddressSpace, SpaceKind
from memtiles.memory.span import ADDRESS_LIMIT, Span


class Raw:
    """One extent, one mapping of the file's name; with `cr3` also what page tables make of it."""

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
        is_machine = options.cr3 is not None
        kind = SpaceKind.PHYSICAL if is_machine else options.space or SpaceKind.VIRTUAL
        whole = ExtentSpace(kind, source, [base], [source.size], [0])
        file = Mapping(Span(base, source.size), Kind.FILE, source.name, file_offset=0)
        paging = paging_of(whole, options.cr3, Paging(None))
        machine = Machine(whole, paging.tables)

        def contents_of(space: AddressSpace) -> Contents:
            return Contents((file,)) if space is whole else machine.contents_of(space)

        tables = machine.tables
        return Dump(
            name=source.name,
            format=self.name,
            size=source.size,
            spaces=machine.spaces,
            read_contents=contents_of,
            machine=tables.mode.machine if tables else None,
            system=paging.system,
            address_bits=tables.mode.address_bits if tables else 64,
            identity=source.identity,
            close=source.close,
        )


FORMAT = Raw()
