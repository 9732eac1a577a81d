"""`memtiles check`: is every byte of a site what the build wrote?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from memtiles import manifest as rows
from memtiles.site.check.bundles import bundle_damage
from memtiles.site.check.files import Damage, digest_of_file, read_bytes
from memtiles.site.check.pictures import picture_damage
from memtiles.site.check.pyramids import pyramid_damage
from memtiles.site.check.strips import strip_damage
from memtiles.site.opened import read_site


def check_site(
    folder: Path, advance: Callable[[int], object] = lambda _: None
) -> tuple[rows.Manifest, list[str]]:
    """Reads everything that the manifest names.

    Args:
        folder: An output folder.
        advance: Told bytes of BMP, of tiles and of strips as they are read.

    Returns:
        The manifest, and a line for each file that is damaged: none when the site is sound.

    Raises:
        UsageError: There is no manifest, or one of another version.
        DamageError: The manifest itself is damaged.
    """
    manifest = read_site(folder)
    damage = [f"{name}: {what}" for name, what in _damage(folder, manifest, advance)]
    return manifest, damage


def _damage(folder: Path, manifest: rows.Manifest, advance: Callable[[int], object]) -> Damage:
    if read_bytes(folder / rows.SCRIPT_FILE) != manifest.to_script():
        yield rows.SCRIPT_FILE, f"not the same as {rows.FILE}"
    for name, digest in manifest.viewer.items():
        if digest_of_file(folder / name) != digest:
            yield name, "missing or changed"
    digests: dict[int, set[str | None]] = defaultdict(set)
    for region in manifest.regions:
        if region.picture is not None:
            digests[region.picture].add(region.sha256)
    bundles: dict[str, list[tuple[rows.PictureRow, set[str | None]]]] = defaultdict(list)
    for number, picture in enumerate(manifest.pictures):
        if picture.bundled:
            bundles[picture.path].append((picture, digests[number]))
            continue
        yield from picture_damage(folder, picture, digests[number], advance)
        if picture.pyramid is not None:
            yield from pyramid_damage(folder, picture.path, picture.pyramid, advance)
    for members in bundles.values():
        yield from bundle_damage(folder, members, advance)
    for atlas in manifest.atlases:
        for seen in atlas.lenses:
            yield from pyramid_damage(folder, seen.path, seen.pyramid, advance)
    for strip in manifest.strips:
        yield from strip_damage(folder, strip, advance)
