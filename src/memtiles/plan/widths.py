"""`width: find`: at which width most of a region stands upright."""

from __future__ import annotations

from memtiles.maps.region import Region
from memtiles.memory.space import AddressSpace
from memtiles.pictures.layout import Bits
from memtiles.printable import counted

# There may be thousands of regions, and a plan is made before each build: a MiB of each is enough
# for what fills it. `memtiles width` looks at more, and finds an icon, too.
_SAMPLE = 1 << 20

# Smaller regions are no pictures, and would be most of what the report names.
_LEAST = 1 << 12

_NAMED = 3


class WidthFinder:
    """Finds widths of regions, and remembers in which nothing stood out."""

    def __init__(self, space: AddressSpace) -> None:
        """Reads nothing yet."""
        self._space = space
        self._without: list[str] = []

    def width(self, region: Region, bits: Bits) -> int | None:
        """The best width at these bits; None for the width that `auto` has.

        Raises:
            DumpError: The dump was cut or changed.
        """
        # It costs numpy's Fourier transforms, which most builds do without.
        from memtiles.pictures.width import find_region_widths

        if region.span.size < _LEAST:
            return None
        found = find_region_widths(self._space, region.span, 1, bits, _SAMPLE)
        if not found:
            self._without.append(region.name)
            return None
        return found[0].width

    def report(self) -> list[str]:
        """A line about the regions that have no width; none where all have."""
        if not self._without:
            return []
        names = list(dict.fromkeys(self._without))
        named = ", ".join(names[:_NAMED])
        if len(names) > _NAMED:
            named += f" and {len(names) - _NAMED} more"
        return [
            f"width: find: no width stands out in {counted(len(self._without), 'region')} "
            f"({named}): drawn as with width: auto"
        ]
