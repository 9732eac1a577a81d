"""`memtiles check`: is every byte of a site what the build wrote?"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

from memtiles import manifest as rows
from memtiles.errors import DamageError
from memtiles.pictures.parts import BmpPart, part_header
from memtiles.pictures.raster import BmpRaster
from memtiles.pictures.render import READ_BLOCK, RegionDigest, read_runs_json
from memtiles.site.opened import read_site
from memtiles.site.picture_folder import open_raster, runs_script
from memtiles.site.strip_folder import DIGEST_FILE, digest_line, digest_of
from memtiles.tiles import pyramid


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


Damage = Iterator[tuple[str, str]]

# What save_pyramid writes and nothing else: a list that somebody else made must not lead elsewhere.
_LIST_LINE = re.compile(rb"([0-9a-f]{64})  (tiles\.dzi|tiles_files/[0-9]+/[0-9]+_[0-9]+\.png)")


def _damage(folder: Path, manifest: rows.Manifest, advance: Callable[[int], object]) -> Damage:
    if _bytes(folder / rows.SCRIPT_FILE) != manifest.to_script():
        yield rows.SCRIPT_FILE, f"not the same as {rows.FILE}"
    for name, digest in manifest.viewer.items():
        if _digest(folder / name) != digest:
            yield name, "missing or changed"
    digests: dict[int, set[str | None]] = defaultdict(set)
    for region in manifest.regions:
        if region.picture is not None:
            digests[region.picture].add(region.sha256)
    for number, picture in enumerate(manifest.pictures):
        yield from _picture_damage(folder, picture, digests[number], advance)
        if picture.pyramid is not None:
            yield from _pyramid_damage(folder, picture.path, picture.pyramid, advance)
    for atlas in manifest.atlases:
        yield from _pyramid_damage(folder, atlas.path, atlas.pyramid, advance)
    for strip in manifest.strips:
        yield from _strip_damage(folder, strip, advance)


def _picture_damage(
    root: Path, row: rows.PictureRow, digests: set[str | None], advance: Callable[[int], object]
) -> Damage:
    folder = root / row.path
    run_list = _bytes(folder / row.runs.file)
    if run_list is None or hashlib.sha256(run_list).hexdigest() != row.runs.sha256:
        yield f"{row.path}/{row.runs.file}", "missing or changed; nothing below it can be checked"
        return
    script = row.runs.script
    if script is not None and _bytes(folder / script) != runs_script(row.path, run_list):
        yield f"{row.path}/{script}", f"not the same as {row.runs.file}"
    try:
        picture = open_raster(root, row)
    except DamageError as damage:
        yield rows.FILE, str(damage)
        return
    sound = True
    for part in picture.parts:
        what = _part_damage(picture, part)
        if what:
            sound = False
            yield f"{row.path}/{part.file}", what
    if sound:
        yield from _byte_damage(picture, row, run_list, digests, advance)


def _part_damage(picture: BmpRaster, part: BmpPart) -> str | None:
    file = picture.folder / part.file
    try:
        if file.stat().st_size != part.size:
            return f"has {file.stat().st_size:,} bytes instead of {part.size:,}"
        with file.open("rb") as opened:
            header = part_header(picture.shape, part)
            return None if opened.read(len(header)) == header else "its header is changed"
    except OSError as error:
        return f"cannot be read: {error.strerror}"


def _byte_damage(
    picture: BmpRaster,
    row: rows.PictureRow,
    run_list: bytes,
    digests: set[str | None],
    advance: Callable[[int], object],
) -> Damage:
    """Reads the region back from its BMPs; bytes outside the runs must be zeros."""
    runs, size = read_runs_json(run_list)
    if size != row.size:
        yield f"{row.path}/{row.runs.file}", "is of a region of another size"
        return
    found = RegionDigest()
    for start in range(0, size, READ_BLOCK):
        count = min(READ_BLOCK, size - start)
        data = picture.stored(start, count)
        clipped = runs.clip(start, count)
        found.add(data, clipped)
        if not clipped.is_whole(count) and data[~runs.mask(start, count)].any():
            yield f"{row.path}/{row.bmp[0].file}", "has bytes where the run list has holes"
            return
        advance(count)
    if digests != {found.hexdigest(run_list)}:
        yield f"{row.path}/{row.bmp[0].file}", "its bytes are changed"
    padding = picture.shape.raster_bytes - size
    if padding > 0 and picture.stored(size, padding).any():
        yield f"{row.path}/{row.bmp[-1].file}", "has bytes in the padding of its last row"


def _pyramid_damage(
    root: Path, path: str, row: rows.PyramidRow, advance: Callable[[int], object]
) -> Damage:
    folder = root / path
    text = _bytes(folder / row.list)
    if text is None or hashlib.sha256(text).hexdigest() != row.sha256:
        yield f"{path}/{row.list}", "missing or changed; its tiles cannot be checked"
        return
    listed = set()
    for line in text.splitlines():
        entry = _LIST_LINE.fullmatch(line)
        if entry is None:
            yield f"{path}/{row.list}", "is not a list of tiles"
            return
        digest, name = (part.decode("ascii") for part in entry.groups())
        listed.add(name)
        content = _bytes(folder / name)
        if content is None or hashlib.sha256(content).hexdigest() != digest:
            yield f"{path}/{name}", "missing" if content is None else "changed"
        advance(len(content or b""))
    found = {
        file.relative_to(folder).as_posix()
        for file in (folder / f"{pyramid.NAME}_files").rglob("*")
        if not file.is_dir()
    }
    for name in sorted(found - listed):
        yield f"{path}/{name}", "is a tile that no list names"


def _strip_damage(root: Path, row: rows.StripRow, advance: Callable[[int], object]) -> Damage:
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
    if _bytes(folder / DIGEST_FILE) != digest_line(row.file, row.sha256):
        yield f"{row.path}/{DIGEST_FILE}", "missing or changed"


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _digest(path: Path) -> str | None:
    content = _bytes(path)
    return None if content is None else hashlib.sha256(content).hexdigest()
