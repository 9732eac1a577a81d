"""Text of `/proc/PID/maps` and `/proc/PID/smaps`, saved from a Linux system or pasted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice

from memtiles.errors import DumpError
from memtiles.maps.importers import ImportedMap
from memtiles.maps.importers.rows import Warnings, numbered
from memtiles.memory.process.modules import modules_of, with_kinds
from memtiles.memory.process.proc_maps import MAPS_LINE, parse_maps_line

_SNIFFED_LINES = 100
_LIKE_A_ROW = re.compile(r"\s*[0-9a-f]{4,}\w?-[0-9a-f]{4,}\w?(?:\s.*)?")


class ProcMaps:
    """Its mappings, and the modules that their paths make."""

    name = "proc-maps"

    def sniff(self, text: str) -> bool:
        lines = islice(numbered(text), _SNIFFED_LINES)
        return any(MAPS_LINE.fullmatch(line) for _, line in lines)

    def read(self, text: str, name: str) -> Sequence[ImportedMap]:
        warnings = Warnings(name)
        mappings = []
        for number, line in numbered(text):
            try:
                mapping = parse_maps_line(line, name)
            except DumpError:
                warnings.left_out(number, line.strip(), "ends before it begins")
                continue
            if mapping is not None:
                mappings.append(mapping)
            elif _LIKE_A_ROW.fullmatch(line):
                warnings.not_understood(number, line)
        found = with_kinds(mappings)
        return [ImportedMap(found, modules_of(found), warnings.told())]


IMPORTER = ProcMaps()
