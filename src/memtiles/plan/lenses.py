"""The lenses that a config names, bound to the dump."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from memtiles.config import Config
from memtiles.errors import UsageError
from memtiles.maps.region import Region
from memtiles.memory.dump import Dump
from memtiles.pictures.lens import ColourLens, Surroundings, ValueLens
from memtiles.pictures.lenses import lens
from memtiles.pictures.own_lens import own_lens

_ENDING = ".py"


def plan_lenses(
    config: Config, dump: Dump, regions: Sequence[Region]
) -> tuple[ColourLens | ValueLens, ...]:
    """The lenses in the order of the config.

    Raises:
        UsageError: There is no such lens, it takes no such number, two have one name, or the
            engine draws only `bytes`.
        LensError: One of the user's own failed.
    """
    surroundings = Surroundings(tuple(regions), dump.address_bits, dump.byte_order)
    found: dict[str, ColourLens | ValueLens] = {}
    for number, name in enumerate(config.pictures.lenses):
        key = f"pictures.lenses[{number}]"
        try:
            one = own_lens(Path(name)) if name.endswith(_ENDING) else lens(name)
        except UsageError as error:
            raise UsageError(f"{key}: {error}") from None
        if one.name in found:
            raise UsageError(f"{key}: there is another lens of the name {one.name}")
        if config.tiles.engine == "vips" and one.name != "bytes":
            raise UsageError(f"{key}: engine vips draws only the lens bytes; use engine fast")
        found[one.name] = one.for_dump(surroundings) if isinstance(one, ValueLens) else one
    return tuple(found.values())
