"""Text of `/proc/PID/maps` and `/proc/PID/smaps`, saved from a Linux system."""

from __future__ import annotations

from memtiles.maps.importers import ImportedMap
from memtiles.memory.modules import modules_of
from memtiles.memory.proc_maps import MAPS_LINE, parse_proc_maps


class ProcMaps:
    """Its mappings, and the modules that their paths make."""

    name = "proc-maps"

    def sniff(self, text: str) -> bool:
        lines = (line.removesuffix("\r") for line in text.split("\n", 100)[:100])
        first = next((line for line in lines if line.strip()), "")
        return MAPS_LINE.fullmatch(first) is not None

    def read(self, text: str, name: str) -> ImportedMap:
        mappings = parse_proc_maps(text, name)
        return ImportedMap(mappings, modules_of(mappings))


IMPORTER = ProcMaps()
