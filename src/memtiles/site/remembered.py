"""What a build remembers of its dump, so that the next one need not read it again.

Kept in the user's cache folder and not in the output, because an output folder depends on nothing
but the dump's bytes, the config and the version: no dates. The memory counts only while the
manifest is the very one that it was written beside.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from platformdirs import user_cache_path

from memtiles import __version__
from memtiles.manifest import FILE
from memtiles.memory.dump import Identity


def remember(output: Path, identity: Identity, reading: str) -> None:
    """Notes which dump the manifest now in `output` was made from.

    Args:
        output: The output folder.
        identity: Of the dump's file.
        reading: How the file was read: what else decides which byte is at which address.
    """
    content = _content(output, identity, reading)
    note = _note(output)
    if note is None:
        return
    with suppress(OSError):
        note.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        staged = note.with_suffix(".new")
        staged.write_text(json.dumps(content))
        staged.replace(note)


def is_unchanged(output: Path, identity: Identity, reading: str) -> bool:
    """Whether the manifest in `output` was made from this very, untouched file, read like this."""
    note = _note(output)
    if note is None:
        return False
    try:
        content = json.loads(note.read_text())
        return bool(content == _content(output, identity, reading))
    except (OSError, ValueError):
        return False


def _content(output: Path, identity: Identity, reading: str) -> dict[str, object]:
    return {
        "version": __version__,
        "manifest": _digest(output),
        "dump": asdict(identity),
        "reading": reading,
    }


def _note(output: Path) -> Path | None:
    """Where the note lies; None for a user without a home, as containers have."""
    name = hashlib.sha256(str(output.resolve()).encode()).hexdigest()[:32]
    try:
        return user_cache_path("memtiles", appauthor=False) / "dumps" / f"{name}.json"
    except RuntimeError:
        return None


def _digest(output: Path) -> str:
    return hashlib.sha256((output / FILE).read_bytes()).hexdigest()
