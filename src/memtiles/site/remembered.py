"""What a build remembers of its dump, so that the next one need not read or draw it again.

Kept in the user's cache folder and not in the output, because an output folder depends on nothing
but the dump's bytes, the config and the version: no dates. The memory counts only while the
manifest is the very one that it was written beside.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from platformdirs import user_cache_path

from memtiles import __version__
from memtiles.manifest import FILE
from memtiles.memory.dump import Identity
from memtiles.memory.span import Span


@dataclass(frozen=True)
class Recollection:
    """What is remembered of a dump.

    Attributes:
        dump: Identity of its file.
        reading: How it was read: what else decides which byte is at which address.
        fingerprints: BLAKE3 of regions. The manifest has their SHA-256, which takes longer: most
            of a build that finds nearly nothing changed.
    """

    dump: Identity
    reading: str
    fingerprints: Mapping[Span, str]


def remember(output: Path, recollection: Recollection) -> None:
    """Notes what the manifest now in `output` was made from."""
    content = {
        "version": __version__,
        "manifest": _digest(output),
        "dump": asdict(recollection.dump),
        "reading": recollection.reading,
        "fingerprints": [
            [span.start, span.size, digest] for span, digest in recollection.fingerprints.items()
        ],
    }
    note = _note(output)
    if note is None:
        return
    with suppress(OSError):
        note.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        staged = note.with_suffix(".new")
        staged.write_text(json.dumps(content))
        staged.replace(note)


def recall(output: Path) -> Recollection | None:
    """What the manifest in `output` was made from; None where that is not known."""
    note = _note(output)
    if note is None:
        return None
    try:
        content = json.loads(note.read_text())
        if (content["version"], content["manifest"]) != (__version__, _digest(output)):
            return None
        fingerprints = {Span(start, size): str(one) for start, size, one in content["fingerprints"]}
        return Recollection(Identity(**content["dump"]), content["reading"], fingerprints)
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None


def _note(output: Path) -> Path | None:
    """Where the note lies; None for a user without a home, as containers have."""
    name = hashlib.sha256(str(output.resolve()).encode()).hexdigest()[:32]
    try:
        return user_cache_path("memtiles", appauthor=False) / "dumps" / f"{name}.json"
    except RuntimeError:
        return None


def _digest(output: Path) -> str:
    return hashlib.sha256((output / FILE).read_bytes()).hexdigest()
