"""Are bundles what was written?"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from memtiles import manifest as rows
from memtiles.errors import DamageError
from memtiles.memory.runs import Runs
from memtiles.pictures.bundle import Bundle
from memtiles.pictures.digest import RegionDigest
from memtiles.pictures.raster import BmpRaster
from memtiles.pictures.render import read_runs_json, runs_json
from memtiles.site.check.files import Damage, read_bytes
from memtiles.site.picture_folder import open_raster, runs_script


def bundle_damage(
    root: Path,
    members: Sequence[tuple[rows.PictureRow, set[str | None]]],
    advance: Callable[[int], object],
) -> Damage:
    """What is wrong with a bundle, whose pictures come with the digests of their regions."""
    path, listed = members[0][0].path, members[0][0].runs
    folder = root / path
    run_list = read_bytes(folder / listed.file)
    if run_list is None or hashlib.sha256(run_list).hexdigest() != listed.sha256:
        yield f"{path}/{listed.file}", "missing or changed; nothing below it can be checked"
        return
    scripts = {row.runs.script for row, _ in members} - {None}
    for script in scripts:
        if read_bytes(folder / str(script)) != runs_script(path, run_list):
            yield f"{path}/{script}", f"not the same as {listed.file}"
    try:
        runs, _ = read_runs_json(run_list)
        pictures = [open_raster(root, row, runs) for row, _ in members]
    except (DamageError, ValueError) as damage:
        yield rows.FILE, str(damage)
        return
    bundle = Bundle(tuple(picture.shape for picture in pictures))
    parts = tuple(picture.parts for picture in pictures)
    firsts = tuple(row.first for row, _ in members)
    if bundle.firsts != firsts or parts != tuple((part,) for part in bundle.parts()):
        yield rows.FILE, f"{path}: its pictures do not lie where their sizes say"
        return
    file = folder / pictures[0].parts[0].file
    name = f"{path}/{file.name}"
    header = bundle.header()
    if not file.is_file():
        yield name, "cannot be read"
    elif file.stat().st_size != bundle.file_bytes:
        yield name, f"has not {bundle.file_bytes:,} bytes"
    elif not (content := file.read_bytes()).startswith(header):
        yield name, "its header is changed"
    else:
        yield from _byte_damage(name, content[len(header) :], runs, members, pictures)
        advance(len(content))


def _byte_damage(
    name: str,
    raster: bytes,
    runs: Runs,
    members: Sequence[tuple[rows.PictureRow, set[str | None]]],
    pictures: Sequence[BmpRaster],
) -> Damage:
    data = np.frombuffer(raster, np.uint8)
    if data[~runs.mask(0, len(data))].any():
        yield name, "has bytes where the run list has holes"
        return
    for (row, digests), picture in zip(members, pictures, strict=True):
        memory = picture.read(0, row.size)
        found = RegionDigest()
        found.add(memory.data, memory.runs)
        if digests != {found.hexdigest(runs_json(memory.runs, row.size))}:
            yield name, f"the bytes from {row.first:#x} of its raster on are changed"
