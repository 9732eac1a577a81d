"""The plan of a build: which regions, which geometry, which places, how much it will be.

Made from the dump's tables alone: no byte of memory is read for it, but for samples of regions that
have `width: find`. `build --dry-run` prints it.
`planned` is what a plan holds, `make` makes it, the others help.
"""

from memtiles.plan.make import make_plan
from memtiles.plan.planned import Plan, PlannedAtlas, PlannedRegion, PlannedStrip

__all__ = [
    "Plan",
    "PlannedAtlas",
    "PlannedRegion",
    "PlannedStrip",
    "make_plan",
]
