"""What all checks share: how damage is told, and files that may not be there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

Damage = Iterator[tuple[str, str]]
"""Files of a site, and what is wrong with each."""


# A file that somebody has put in the place of ours may be a terabyte of nothing.
_MOST = 1 << 30


def read_bytes(path: Path, most: int = _MOST) -> bytes | None:
    """The bytes of a file, or None where it cannot be read or has more than can be right."""
    try:
        return path.read_bytes() if path.stat().st_size <= most else None
    except OSError:
        return None


def digest_of_file(path: Path) -> str | None:
    """SHA-256 of a file, or None where it cannot be read."""
    content = read_bytes(path)
    return None if content is None else hashlib.sha256(content).hexdigest()
