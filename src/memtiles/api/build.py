"""`memtiles.build`."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from memtiles import pipeline
from memtiles.config import Config, load_config
from memtiles.errors import UsageError
from memtiles.manifest import Manifest

_log = logging.getLogger("memtiles")
_log.addHandler(logging.NullHandler())


def build(
    config: str | os.PathLike[str] | Config,
    *,
    output: str | os.PathLike[str] | None = None,
    jobs: int | None = None,
    force: bool = False,
    rehash: bool = False,
) -> Manifest:
    """Builds the map of a config, as `memtiles build` does.

    Args:
        config: A YAML file, or a Config.
        output: The output folder, instead of the config's.
        jobs: Threads; None for one for each processor. On Linux, a program that has no thread but
            one is forked instead where there are many tiles to draw.
        force: Build in a folder that holds other files, which are left alone.
        rehash: Read and draw everything anew; mends a damaged output folder.

    Returns:
        The manifest, as it stands in the output folder. Notes on what was not drawn are in the log
        `memtiles`, lenses that failed among them.

    Raises:
        ConfigError: The file cannot be read, or has mistakes in the file: one line for each.
        MemtilesError: Any leaf of it. What the output folder's manifest names is as it was.
    """
    if jobs is not None and jobs < 1:
        raise UsageError(f"jobs {jobs}: a number from 1 on is needed")
    if not isinstance(config, Config):
        config = load_config(Path(config))
    if output is not None:
        config = config.model_copy(update={"output": Path(output).absolute()})
    threads = jobs or os.cpu_count() or 1
    built = pipeline.build(config, jobs=threads, force=force, rehash=rehash)
    for note in (*built.plan.report, *built.failures):
        _log.warning("%s", note)
    return built.manifest
