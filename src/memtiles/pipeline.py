"""The pipeline, and the only module that knows the order of its stages.

dump → regions → pictures → atlases → strips → site
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from memtiles import manifest as rows
from memtiles.config import Config
from memtiles.describe import DrawnRegion, describe_site
from memtiles.disk import disk_errors
from memtiles.errors import DamageError, DumpError, OlderVersionError
from memtiles.maps.importers import ImportedMap, read_map
from memtiles.memory.dump import Dump, Identity
from memtiles.memory.files.source import identity_of
from memtiles.memory.formats import open_dump, open_process
from memtiles.memory.options import Options
from memtiles.plan import Plan, make_plan
from memtiles.progress import Silence, Watcher
from memtiles.site.remembered import Recollection, recall, remember
from memtiles.site.store import PRIVATE_MODE, Store, check_folder
from memtiles.site.viewer import viewer_files
from memtiles.stages.atlases import AtlasStage
from memtiles.stages.before import NOTHING_BEFORE, Before, left_by
from memtiles.stages.outlook import Outlook
from memtiles.stages.pictures import PictureStage
from memtiles.stages.strips import cut


def open_input(config: Config) -> Dump:
    """Opens the dump or the live process that a config names."""
    if config.dump.live is not None:
        return open_process(config.dump.live.find_pid())
    assert config.dump.path is not None
    said = config.dump
    return open_dump(config.dump.path, said.format, Options(said.base, said.space, said.cr3))


def open_maps(config: Config) -> list[ImportedMap]:
    """Reads the maps that a config names."""
    return [read_map(one.path, one.format, one.rebase, one.pid) for one in config.maps]


class Built(NamedTuple):
    """The manifest as it is written, the plan behind it, and a line for each part that failed."""

    manifest: rows.Manifest
    plan: Plan
    failures: tuple[str, ...]


def build(
    config: Config,
    *,
    jobs: int = 2,
    mode: int = PRIVATE_MODE,
    force: bool = False,
    rehash: bool = False,
    watcher: Watcher | None = None,
) -> Built:
    """Builds the site of a config.

    Args:
        config: What to build, and where.
        jobs: Threads, or processes where tiles are drawn.
        mode: Permissions of the output folder.
        force: Build in a folder that holds other files, which are left alone.
        rehash: Read and draw everything, whatever is there; mends a damaged output folder.
        watcher: Told what is going on.

    Returns:
        What was built. A lens of the user's that failed is left out.

    Raises:
        MemtilesError: Any leaf of it. What the output folder's manifest names is as it was.
    """
    check_folder(config.output, adopt=force)
    watcher = watcher or Silence()
    with open_input(config) as dump:
        with watcher.stage("plan"):
            plan = make_plan(config, dump, open_maps(config))
            plan.check(config.limits.output)
        with Store(config.output, mode, adopt=force, distrust=rehash) as store, disk_errors():
            before = _before(config, store, dump, plan, rehash=rehash)
            outlook = Outlook(plan, config.tiles.size, watcher)
            stage = PictureStage(config, plan, store, jobs, before, outlook)
            with watcher.stage("memory") as advance:
                pictures = stage.draw(advance)
            with watcher.stage("tiles") as advance:
                atlases = AtlasStage(config, plan, store, jobs, before, pictures, outlook)
                lenses, stitched, failures = atlases.stitch(advance)
            with watcher.stage("strips") as advance:
                strips = cut(dump, plan, store, jobs, pictures, config.tiles, advance)
            with watcher.stage("page"):
                _check_unchanged(config, dump)
                viewer = viewer_files()
                manifest = describe_site(dump, plan, pictures, lenses, stitched, strips, viewer)
                store.publish(manifest, viewer)
                if dump.identity is not None:
                    remembered = _remembered(config, dump.identity, plan, pictures)
                    remember(store.folder, remembered)
    return Built(manifest, plan, tuple(failures))


def _check_unchanged(config: Config, dump: Dump) -> None:
    """Refuses to publish a picture of two states of a dump.

    A file that only got shorter is noticed where it is read; one that was written to in place is
    noticed here, by its times.

    Raises:
        DumpError: The file is not the one that was opened.
    """
    path = config.dump.path
    if path is not None and identity_of(path) != dump.identity:
        raise DumpError(f"{path}: changed while it was read; build again when it is complete")


def _remembered(
    config: Config, identity: Identity, plan: Plan, pictures: Sequence[DrawnRegion | None]
) -> Recollection:
    fingerprints = {
        planned.region.span: one.fingerprint
        for planned, one in zip(plan.regions, pictures, strict=True)
        if one is not None and one.fingerprint is not None
    }
    return Recollection(identity, _reading(config), fingerprints)


def _reading(config: Config) -> str:
    """What besides the dump's file decides which byte is at which address: base and the like."""
    return config.dump.model_dump_json(exclude={"path"})


def _before(config: Config, store: Store, dump: Dump, plan: Plan, *, rehash: bool) -> Before:
    """What of the build before can be used again; nothing where all is to be made anew.

    Raises:
        UsageError: A newer version of memtiles wrote the manifest.
        DamageError: It is damaged.
    """
    try:
        manifest = store.manifest()
    except OlderVersionError:
        return NOTHING_BEFORE
    except DamageError as damage:
        if rehash:
            return NOTHING_BEFORE
        mend = "`memtiles build CONFIG --rehash` makes it anew"
        raise DamageError(f"{store.folder}: {damage}; {mend}") from None
    if rehash or manifest is None or manifest.dump.format != dump.format:
        return NOTHING_BEFORE
    found = recall(store.folder)
    if found is None:
        return left_by(manifest, plan.space.name, {}, is_of_this_dump=False)
    untouched = (found.dump, found.reading) == (dump.identity, _reading(config))
    return left_by(manifest, plan.space.name, found.fingerprints, is_of_this_dump=untouched)
