"""The folder of a bundle: how it is made, and how the pictures in it are read back."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from memtiles.manifest import BUNDLES, BmpRow, PictureRow, RunsRow
from memtiles.pictures.bmp import raster_offset
from memtiles.pictures.bundle import (
    FILE,
    Bundle,
    BundleContent,
    BundledRaster,
    BundleFile,
    write_bundle,
)
from memtiles.pictures.lenses import colour_lens, lens
from memtiles.pictures.picture import Picture
from memtiles.pictures.render import RUNS_FILE
from memtiles.site.picture_folder import RUNS_SCRIPT, content_key, read_runs, runs_script
from memtiles.site.store import Store

# Raised when the files of a bundle's folder change their form.
VERSION = 1


def bundle_path(bundle: Bundle, digests: Sequence[str], lens_name: str) -> str:
    """The folder of a bundle of regions with these digests."""
    content = {
        "folder": VERSION,
        "pictures": [
            [digest, shape.layout, shape.bits, shape.size, shape.width]
            for digest, shape in zip(digests, bundle.shapes, strict=True)
        ],
        "lens": [lens_name, lens(lens_name).version],
    }
    return f"{BUNDLES}/{content_key(content)}"


def make_bundle(store: Store, path: str, content: BundleContent, bundle: Bundle) -> None:
    """Leaves the finished folder of a bundle in the store."""
    staged = store.stage()
    write_bundle(content, bundle, staged)
    text = (staged / RUNS_FILE).read_bytes()
    (staged / RUNS_SCRIPT).write_bytes(runs_script(path, text))
    store.keep(staged, path)


def finished_bundle(
    root: Path, path: str, bundle: Bundle, lens_name: str
) -> list[tuple[PictureRow, Picture]]:
    """Its pictures: their rows in the manifest, read from the folder itself, and themselves."""
    folder = root / path
    text, runs = read_runs(folder / RUNS_FILE)
    digest = hashlib.sha256(text).hexdigest()
    drawn_by = colour_lens(lens_name)
    file = BundleFile(folder / FILE, raster_offset(bundle.shapes[0].bits))
    found = []
    for shape, first, part in zip(bundle.shapes, bundle.firsts, bundle.parts(), strict=True):
        own = runs.clip(first, shape.size)
        whole = own.is_whole(shape.size)
        row = PictureRow(
            path=path,
            first=first,
            layout=shape.bmp_layout,
            lens=lens_name,
            bits=shape.bits,
            size=shape.size,
            width=shape.width,
            height=shape.height,
            bmp=[
                BmpRow(
                    file=part.file,
                    offset=part.offset,
                    first_row=part.first_row,
                    rows=part.rows,
                    size=part.size,
                )
            ],
            runs=RunsRow(
                file=RUNS_FILE,
                script=None if whole else RUNS_SCRIPT,
                sha256=digest,
                pieces=len(own),
                whole=whole,
            ),
            pyramid=None,
        )
        found.append((row, Picture(shape, BundledRaster(file, first, own), drawn_by)))
    return found
