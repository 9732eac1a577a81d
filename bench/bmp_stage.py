"""The BMP stage of a build against `cp`: a region is read, hashed and written.

The start of Python and its imports are left out: a build does them once. Without hashing the stage
moves the same bytes as `cp`; a build hashes them, too.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from inputs import make_file
from measure import MIB, measure
from page_cache import load

TIME_GOAL = 1.3
SMALL = {"stage_mib": 64, "stage_pairs": 2}
MEMORY_DISK = Path("/dev/shm")
STAGES = ("plain", "hashed")

# What a dump of a machine that was just started looks like: a page in ten holds something.
_ZEROS = (9, 10)


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--stage-mib", type=int, default=1024, help="the file (default: 1024)")
    parser.add_argument("--stage-pairs", type=int, default=10, help="against cp (default: 10)")


def run(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Within the temp folder, and within memory, where no disk disturbs."""
    source = folder / "stage.bin"
    make_file(source, options.stage_mib * MIB)
    places = {"temp folder": _against_cp(source, folder, options.stage_pairs)}
    room = shutil.disk_usage(MEMORY_DISK).free if MEMORY_DISK.is_dir() else 0
    if room > 3 * source.stat().st_size:
        with tempfile.TemporaryDirectory(prefix="memtiles-bench-", dir=MEMORY_DISK) as name:
            moved = Path(shutil.copy(source, name))
            places["memory"] = _against_cp(moved, moved.parent, options.stage_pairs)
    sparse = {
        "nine of ten MiB are zeros": _of_zeros(source, folder),
        "1 TiB of holes, 4 KiB of data": _of_holes(folder),
    }
    source.unlink()
    return {"mib": options.stage_mib, "places": places, "sparse": sparse}


def _against_cp(source: Path, place: Path, count: int) -> dict[str, Any]:
    print(f"{count} times the BMP stage against cp in {place}", file=sys.stderr)
    out, copy = place / "stage", place / "copy.bin"
    rows = []
    for number in range(count + 1):
        row = {}
        turns = ["cp", *STAGES] if number % 2 == 0 else [*reversed(STAGES), "cp"]
        for name in turns:
            # What was written before is gone and the disk idle, or the next run would wait for it.
            shutil.rmtree(out, ignore_errors=True)
            copy.unlink(missing_ok=True)
            os.sync()
            load(source)
            row[name] = (
                measure(["cp", source, copy]).wall
                if name == "cp"
                else _stage(source, out, name)["wall"]
            )
        rows.append(row)
    shutil.rmtree(out, ignore_errors=True)
    copy.unlink(missing_ok=True)
    rows = rows[1:]  # the first finds the disk and the kernel in another state
    return {
        "rows": rows,
        "median": {name: median(row[name] for row in rows) for name in ("cp", *STAGES)},
        "ratio": {name: median(row[name] / row["cp"] for row in rows) for name in STAGES},
        "fastest_ratio": {
            name: min(row[name] for row in rows) / min(row["cp"] for row in rows) for name in STAGES
        },
    }


def _of_zeros(source: Path, folder: Path) -> dict[str, Any]:
    """The file with nine of ten MiB zeroed: written, so that they have to be read."""
    mostly = folder / "mostly.bin"
    with source.open("rb") as full, mostly.open("wb") as file:
        for number in range(source.stat().st_size // MIB):
            block = full.read(MIB)
            file.write(bytes(MIB) if number % _ZEROS[1] < _ZEROS[0] else block)
    return _once(mostly, folder)


def _of_holes(folder: Path) -> dict[str, Any]:
    sparse = folder / "sparse.bin"
    with sparse.open("wb") as file:
        file.seek(1 << 39)
        file.write(b"\x2a" * 4096)
        file.truncate(1 << 40)
    return _once(sparse, folder)


def _once(source: Path, folder: Path) -> dict[str, Any]:
    out = folder / "stage"
    cost = _stage(source, out, "hashed")
    os.sync()
    disk = sum(file.stat().st_blocks for file in out.iterdir()) * 512 / MIB
    size = source.stat().st_size / MIB
    shutil.rmtree(out)
    source.unlink()
    return {**cost, "disk_mib": disk, "mib": size}


def _stage(source: Path, out: Path, name: str) -> dict[str, float]:
    """Runs it once, in a process of its own."""
    out.mkdir()
    command: list[str | Path] = [sys.executable, __file__, source, out, name]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    cost: dict[str, float] = json.loads(done.stdout)
    return cost


def _main(source: str, out: str, name: str) -> None:
    from memtiles.memory.formats import open_dump
    from memtiles.memory.span import Span
    from memtiles.pictures.digest import BLAKE3, SHA256
    from memtiles.pictures.layout import geometry
    from memtiles.pictures.render import render

    hashes = (SHA256, BLAKE3) if name == "hashed" else ()
    with open_dump(Path(source), "raw") as dump:
        span = Span(0, dump.size)
        shape = geometry("rows", 32, span.size)
        wall, cpu = time.perf_counter(), time.process_time()
        render(dump.spaces[0], span, shape, Path(out), 2, hashes=hashes)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"wall": wall, "cpu": cpu, "peak_rss": rss}))


def lines(results: dict[str, Any]) -> Iterator[str]:
    yield f"The BMP stage of {results['mib']} MiB against cp"
    yield "out to        cp s    stage s    ratio median / fastest"
    for place, row in results["places"].items():
        for name in STAGES:
            yield (
                f"{place:11} {row['median']['cp']:6.2f} {row['median'][name]:10.2f}    "
                f"{row['ratio'][name]:12.2f} / {row['fastest_ratio'][name]:.2f}   {name}"
            )
    for place, row in results["places"].items():
        time_goal = "met" if row["ratio"]["plain"] <= TIME_GOAL else "MISSED"
        ratio = row["ratio"]["plain"]
        yield f"{place}: ratio without hashing {ratio:.2f}, goal {TIME_GOAL}: {time_goal}"
    for name, row in results["sparse"].items():
        yield (
            f"{name}: {row['mib']:,.0f} MiB in {row['wall']:.2f} s, {row['disk_mib']:,.1f} MiB on "
            f"disk, peak memory {row['peak_rss']:.0f} MiB"
        )


if __name__ == "__main__":
    _main(*sys.argv[1:])
