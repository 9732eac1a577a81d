"""Lenses that installed packages bring, as entry points of the group `memtiles.lenses`.

They are looked for only when a name is no built-in lens: looking through all that is installed
takes longer than a start of memtiles.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points

from memtiles.errors import UsageError
from memtiles.pictures import patience
from memtiles.pictures.guarded import GuardedColours, GuardedValues, guarded
from memtiles.pictures.patience import HungError, within

_GROUP = "memtiles.lenses"


def installed_names() -> tuple[str, ...]:
    """The names of these lenses, in alphabetical order."""
    return tuple(sorted(entry_points(group=_GROUP).names))


def installed_lens(name: str) -> GuardedColours | GuardedValues | None:
    """The lens of that name; None where no package brings one.

    Raises:
        UsageError: It cannot be loaded, or is no lens.
    """
    point = next(iter(entry_points(group=_GROUP, name=name)), None)
    return None if point is None else _loaded(point)


def _loaded(point: EntryPoint) -> GuardedColours | GuardedValues:
    """The lens; its key has the package's version, for that is what changes with its code."""
    package = f"{point.dist.name} {point.dist.version}" if point.dist else point.value
    source = f"the lens {point.name} of {package}"
    try:
        lens = within(patience.LONGEST_LOAD, point.load)
    except HungError as error:
        raise UsageError(f"{source}: {error}") from None
    except (Exception, SystemExit) as error:
        reason = " ".join(str(error).split())
        raise UsageError(f"{source}: {type(error).__name__}: {reason}") from None
    found = guarded(lens, source, package)
    if found.name != point.name:
        raise UsageError(f"{source}: it calls itself {found.name}")
    return found
