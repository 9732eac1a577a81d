"""What a folder takes on the disk."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from measure import MIB


class OnDisk(NamedTuple):
    """Files by their names, and MiB of the disk that they and the folders take."""

    files: int
    mib: float


def on_disk(folder: Path) -> OnDisk:
    """As `du` counts: blocks instead of sizes, for holes take none; what is linked counts once."""
    paths = [folder, *folder.rglob("*")]
    found = [(path, path.lstat()) for path in paths]
    blocks = {(status.st_dev, status.st_ino): status.st_blocks for _, status in found}
    files = sum(1 for path, _ in found if not path.is_dir())
    return OnDisk(files, sum(blocks.values()) * 512 / MIB)
