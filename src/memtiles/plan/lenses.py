"""The lenses that a config names, bound to the dump."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from memtiles.config import Config
from memtiles.config.lens_names import is_file
from memtiles.errors import LensError, UsageError
from memtiles.maps.region import Region
from memtiles.memory.dump import Dump
from memtiles.pictures.lens import ColourLens, Surroundings, ValueLens
from memtiles.pictures.lenses import colour_lens, lens
from memtiles.pictures.own_lens import own_lens


class PlannedLenses(NamedTuple):
    """Lenses in the order of the config, at least one; and a line for each that failed."""

    lenses: tuple[ColourLens | ValueLens, ...]
    failures: tuple[str, ...]


def plan_lenses(config: Config, dump: Dump, regions: Sequence[Region]) -> PlannedLenses:
    """The lenses; one of the user's that cannot be bound to the dump is left out.

    Raises:
        UsageError: There is no such lens, it takes no such number, two have one name, or the
            engine draws only `bytes`.
    """
    surroundings = Surroundings(tuple(regions), dump.address_bits, dump.byte_order)
    found: dict[str, ColourLens | ValueLens | None] = {}
    failures = []
    for number, name in enumerate(config.pictures.lenses):
        key = f"pictures.lenses[{number}]"
        try:
            one = own_lens(Path(name)) if is_file(name) else lens(name)
        except UsageError as error:
            raise UsageError(f"{key}: {error}") from None
        if one.name in found:
            raise UsageError(f"{key}: there is another lens of the name {one.name}")
        if config.tiles.engine == "vips" and one.name != "bytes":
            raise UsageError(f"{key}: engine vips draws only the lens bytes; use engine fast")
        found[one.name] = None
        try:
            found[one.name] = one.for_dump(surroundings) if isinstance(one, ValueLens) else one
        except LensError as error:
            failures.append(str(error))
    bound = tuple(one for one in found.values() if one is not None)
    return PlannedLenses(bound or (colour_lens("bytes"),), tuple(failures))
