"""What all checks share: how damage is told, and files that may not be there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

Damage = Iterator[tuple[str, str]]
"""Files of a site, and what is wrong with each."""


def read_bytes(path: Path) -> bytes | None:
    """The bytes of a file, or None where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError:
        return None


def digest_of_file(path: Path) -> str | None:
    """SHA-256 of a file, or None where it cannot be read."""
    content = read_bytes(path)
    return None if content is None else hashlib.sha256(content).hexdigest()
