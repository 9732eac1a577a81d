"""Are strips what was written?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from memtiles import manifest as rows
from memtiles.site.check.files import Damage, read_bytes
from memtiles.site.strip_folder import DIGEST_FILE, digest_line, digest_of


def strip_damage(root: Path, row: rows.StripRow, advance: Callable[[int], object]) -> Damage:
    """What is wrong with a strip's file, and its list."""
    folder = root / row.path
    try:
        size = (folder / row.file).stat().st_size
        if size != row.size:
            yield f"{row.path}/{row.file}", f"has {size:,} bytes instead of {row.size:,}"
        elif digest_of(folder / row.file) != row.sha256:
            yield f"{row.path}/{row.file}", "changed"
        advance(size)
    except OSError as error:
        yield f"{row.path}/{row.file}", f"cannot be read: {error.strerror}"
    if read_bytes(folder / DIGEST_FILE) != digest_line(row.file, row.sha256):
        yield f"{row.path}/{DIGEST_FILE}", "missing or changed"
