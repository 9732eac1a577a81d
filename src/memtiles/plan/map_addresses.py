"""Whether the addresses of maps mean what is pictured.

A map's rows are numbers. Drawn over other memory than they were written of, every one of them shows
something, and nothing shows that it is wrong.
"""

from __future__ import annotations

from collections.abc import Sequence

from memtiles.config import Config
from memtiles.config.inputs import Map
from memtiles.errors import UsageError
from memtiles.maps.importers import ImportedMap
from memtiles.memory.dump import Dump
from memtiles.memory.space import AddressSpace, SpaceKind


def check_maps(
    config: Config, dump: Dump, space: AddressSpace, maps: Sequence[ImportedMap]
) -> list[str]:
    """Refuses maps that cannot be of the pictured space, and gives notes on doubtful ones.

    Args:
        config: What is built.
        dump: Whose memory is pictured.
        space: The one of its spaces that is.
        maps: What was read of each of the config's maps.

    Raises:
        UsageError: A map is of one process's own addresses, and these are not pictured.
    """
    is_machine = dump.space(SpaceKind.PHYSICAL) is not None
    notes = []
    for said, one in zip(config.maps, maps, strict=True):
        if one.process is not None:
            _check_process(config, space, said, one.process, is_machine=is_machine)
        elif space.kind is SpaceKind.PHYSICAL:
            notes.append(f"{said.path.name}: its addresses are taken for physical ones")
        elif is_machine and config.dump.cr3 is None and _has_programs(one, dump.address_bits):
            notes.append(
                f"{said.path.name}: its addresses are taken for those of the process whose page "
                "tables the dump names; dump.cr3 names those of another"
            )
    return notes


def _check_process(
    config: Config, space: AddressSpace, said: Map, process: int, *, is_machine: bool
) -> None:
    """A process has the addresses of a map only where the page tables are its own.

    Volatility's tables of processes do not say where these are.
    """
    what = f"{said.path.name} is of the addresses of process {process}"
    if space.kind is SpaceKind.PHYSICAL:
        raise UsageError(f"{what}, and physical ones are pictured: {_CR3}, and space: virtual")
    if is_machine and config.dump.cr3 is None:
        raise UsageError(f"{what}: {_CR3}")
    # A raw file may be a piece of the process, which base or rebase puts in its place.
    is_placed = config.dump.base is not None or said.rebase
    if config.dump.format == "raw" and config.dump.cr3 is None and not is_placed:
        raise UsageError(f"{what}, and a raw file begins at 0: {_CR3}, or say base or rebase")


_CR3 = (
    "give the physical address of its page tables as dump.cr3 (DirBase in WinDbg's !process, "
    "dtb.txt of MemProcFS)"
)


def _has_programs(one: ImportedMap, bits: int) -> bool:
    """Whether addresses are among them that each process has for itself."""
    border = 1 << (63 if bits == 64 else 31)
    return any(mapping.span.start < border for mapping in one.mappings)
