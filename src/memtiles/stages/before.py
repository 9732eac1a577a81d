"""What the build before left in the store, as far as the next one can use it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from memtiles.manifest import Manifest
from memtiles.memory.span import Span
from memtiles.site.atlas_folder import EarlierAtlas, atlases_of


@dataclass(frozen=True)
class Before:
    """A build's legacy; not its manifest, which takes room while the next is made.

    Attributes:
        digests: Of each span that was drawn.
        fingerprints: Of some of them, as `Recollection` has them.
        atlases: What lies in the store, and where in it which picture.
        is_of_this_dump: Whether the dump's file is untouched since, so that its digests hold.
    """

    digests: Mapping[Span, str]
    fingerprints: Mapping[Span, str]
    atlases: tuple[EarlierAtlas, ...]
    is_of_this_dump: bool


NOTHING_BEFORE = Before({}, {}, (), is_of_this_dump=False)


def left_by(
    manifest: Manifest, space: str, fingerprints: Mapping[Span, str], *, is_of_this_dump: bool
) -> Before:
    """What is left by the build that wrote a manifest, for one that pictures a space."""
    digests = {
        Span(row.start, row.size): row.sha256
        for row in manifest.regions
        if row.sha256 is not None and row.space == space
    }
    return Before(digests, fingerprints, atlases_of(manifest), is_of_this_dump)
