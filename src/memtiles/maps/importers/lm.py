"""What WinDbg's `lm` prints: rows START END NAME, the end exclusive.

The text is often pasted from a session, with prompts, banners and other commands' output in it.
"""

from __future__ import annotations

import re

from memtiles.maps.importers import ImportedMap, module_map
from memtiles.memory.span import Span

_ADDRESS = r"[0-9a-fA-F]{8}`?(?:[0-9a-fA-F]{8})?"
_HEADER = re.compile(r"(?:.*>\s*)?start\s+end\s+module name\s*", re.IGNORECASE)
_UNLOADED = re.compile(r"Unloaded modules:\s*", re.IGNORECASE)
# A third number instead of a name is a row of `dd` or `dq`.
_ROW = re.compile(rf"\s*({_ADDRESS})\s+({_ADDRESS})\s+(?!{_ADDRESS}(?:\s|$))(\S+)(.*)")
_LIKE_A_ROW = re.compile(rf"\s*{_ADDRESS}\s+[0-9a-fA-F`]{{4,}}\b.*")
# `lmf` ends its rows with the path of the image, where `lm` has "(pdb symbols)" and a symbol file.
_IMAGE_PATH = re.compile(r"\s*(?:[#TCM]\s+)*((?:[A-Za-z]:|\\).*\S)\s*")


class Lm:
    """A module per row; those listed as unloaded are not in memory and left out."""

    name = "lm"

    def sniff(self, text: str) -> bool:
        return any(_HEADER.fullmatch(line) or _ROW.fullmatch(line) for line in text.splitlines())

    def read(self, text: str, name: str) -> ImportedMap:
        rows: list[tuple[str, Span]] = []
        warnings: list[str] = []
        unloaded = False
        for number, line in enumerate(text.splitlines(), start=1):
            if _UNLOADED.fullmatch(line):
                unloaded = True
            elif _HEADER.fullmatch(line):
                unloaded = False
            elif unloaded:
                continue
            elif row := _ROW.fullmatch(line):
                start, end = (int(row[group].replace("`", ""), 16) for group in (1, 2))
                if start < end:
                    path = _IMAGE_PATH.fullmatch(row[4])
                    rows.append((path[1] if path else row[3], Span.between(start, end)))
                else:
                    why = "is empty" if start == end else "ends before it begins"
                    warnings.append(f"{name}:{number}: {row[3]!r} {why}: left out")
            elif _LIKE_A_ROW.fullmatch(line):
                warnings.append(f"{name}:{number}: not understood: {line.strip()[:80]!r}")
        return module_map(rows, warnings)


IMPORTER = Lm()
