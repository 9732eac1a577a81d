"""Which small pictures share one BMP.

Tens of thousands of regions of a page each, as a browser or a fragmented heap has, would be as many
folders of three files. So from a number of pictures on, the small ones are bundled.
"""

from __future__ import annotations

from collections.abc import Sequence

from memtiles.pictures.bundle import bundled_bytes
from memtiles.pictures.layout import Geometry

# Up to so many pictures all have a folder of their own; with more, those below SMALL are bundled.
OWN_FOLDERS = 4096
SMALL = 1 << 20

# A bundle is made in memory, and made anew when one of its pictures changes.
_BUNDLE_BYTES = 16 << 20


def plan_bundles(shapes: Sequence[Geometry | None]) -> tuple[tuple[int, ...], ...]:
    """Bundles of two pictures and more, as indices; a shape of None is not drawn."""
    if sum(1 for shape in shapes if shape is not None) <= OWN_FOLDERS:
        return ()
    open_bundles: dict[tuple[str, int, int], tuple[list[int], int]] = {}
    closed: list[list[int]] = []
    for at, shape in enumerate(shapes):
        if shape is None or shape.size >= SMALL:
            continue
        key = (shape.layout, shape.bits, shape.width)
        members, size = open_bundles.get(key, ([], 0))
        if members and size + bundled_bytes(shape) > _BUNDLE_BYTES:
            closed.append(members)
            members, size = [], 0
        members.append(at)
        open_bundles[key] = (members, size + bundled_bytes(shape))
    closed += [members for members, _ in open_bundles.values()]
    return tuple(sorted(tuple(members) for members in closed if len(members) > 1))
