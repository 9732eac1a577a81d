"""The manifest: what is in an output folder. `docs/manifest.md` describes every key.

Addresses and sizes of memory are hex strings in JSON, because JSON numbers lose everything above
2**53; here they are ints.
"""

from memtiles.manifest.reading import FILE, VERSION, manifest_schema, read_manifest
from memtiles.manifest.rows import (
    BUNDLES,
    AtlasLensRow,
    AtlasRow,
    BmpRow,
    DumpRow,
    GapRow,
    LensRow,
    Manifest,
    ModuleRow,
    PictureRow,
    PlacementRow,
    PyramidRow,
    RectRow,
    RegionRow,
    RunsRow,
    SectionRow,
    SpaceRow,
    StripRow,
    SwatchRow,
    TileSize,
    script_of,
)

SCRIPT_FILE = "manifest.js"

__all__ = [
    "BUNDLES",
    "FILE",
    "SCRIPT_FILE",
    "VERSION",
    "AtlasLensRow",
    "AtlasRow",
    "BmpRow",
    "DumpRow",
    "GapRow",
    "LensRow",
    "Manifest",
    "ModuleRow",
    "PictureRow",
    "PlacementRow",
    "PyramidRow",
    "RectRow",
    "RegionRow",
    "RunsRow",
    "SectionRow",
    "SpaceRow",
    "StripRow",
    "SwatchRow",
    "TileSize",
    "manifest_schema",
    "read_manifest",
    "script_of",
]
