"""The benchmark, one command: `make bench`. See docs/benchmarks.md for what it measures and why."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from inputs import make_core

MIB = 1 << 20
RESULTS = Path(__file__).resolve().parent / "results" / "latest.json"

RSS_GOAL = 400.0
HELP_GOAL = 5.0

# libvips alone on the same bytes as one picture: 256 px PNG tiles, all else as it comes.
DZSAVE = """
import os, sys, pyvips
core, out, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
width = 16384
offset = os.path.getsize(core) - size
image = pyvips.Image.rawload(core, width, size // width, 1, offset=offset)
image.copy(interpretation="b-w").dzsave(out, suffix=".png", tile_size=256, overlap=0)
"""


@dataclass(frozen=True)
class Cost:
    """What a process and its children took: seconds, and MiB."""

    wall: float
    cpu: float
    peak_rss: float
    peak_tree_rss: float


def main() -> int:
    """Measures, prints a table, and writes the results."""
    parser = argparse.ArgumentParser(description="The benchmark of memtiles.")
    parser.add_argument("--pairs", type=int, default=5, help="builds against dzsave (default: 5)")
    parser.add_argument("--mib", type=int, default=256, help="size of their dump (default: 256)")
    parser.add_argument(
        "--rss-mib", type=int, nargs="+", default=[64, 1024], help="default: 64 1024"
    )
    parser.add_argument("--starts", type=int, default=21, help="of `memtiles --help` (default: 21)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="memtiles-bench-") as name:
        folder = Path(name)
        # What a build remembers of its dump stays in the temp folder, too.
        os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
        results = {
            "machine": {"processors": os.cpu_count(), "python": sys.version.split()[0]},
            "build": _against_dzsave(folder, options.mib, options.pairs),
            "memory": [_peak_memory(folder, mib) for mib in options.rss_mib],
            "start": _start(options.starts),
        }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    _print(results)
    return 0


def _against_dzsave(folder: Path, mib: int, pairs: int) -> dict[str, Any]:
    """Whole builds and dzsave in turn, so that a busy machine disturbs both alike.

    What they write is kept to the end: ext4 makes files slowly for some seconds after others were
    deleted, which would be measured instead.
    """
    config = _input(folder, mib)
    core = config.parent / "app.core"
    rows = []
    for number in range(pairs):
        print(f"pair {number + 1} of {pairs}", file=sys.stderr)
        ours = _measure_build(config, config.parent / f"site{number}")
        tiles = config.parent / f"dzsave{number}"
        theirs = _measure([sys.executable, "-c", DZSAVE, core, tiles, mib * MIB])
        rows.append({"memtiles": asdict(ours), "dzsave": asdict(theirs)})
    shutil.rmtree(config.parent)
    ratios = {
        key: median(row["memtiles"][key] / row["dzsave"][key] for row in rows)
        for key in ("wall", "cpu")
    }
    return {"mib": mib, "pairs": rows, "median_ratio": ratios}


def _peak_memory(folder: Path, mib: int) -> dict[str, Any]:
    print(f"memory at {mib} MiB", file=sys.stderr)
    config = _input(folder, mib)
    cost = _measure_build(config, config.parent / "site")
    shutil.rmtree(config.parent)
    return {"mib": mib, **asdict(cost)}


def _start(count: int) -> dict[str, Any]:
    """`memtiles --help` and the least that Python does, in turn, after one start of each."""
    commands = {"help": [sys.executable, "-m", "memtiles", "--help"],
                "pass": [sys.executable, "-c", "pass"]}  # fmt: skip
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(count + 1):
        for name, command in commands.items():
            cost = _measure(command)
            if number:
                seconds[name].append(cost.wall)
    medians = {name: median(values) for name, values in seconds.items()}
    instructions = {name: _instructions(command) for name, command in commands.items()}
    return {"seconds": medians, "ratio": medians["help"] / medians["pass"],
            "instructions": instructions}  # fmt: skip


def _input(folder: Path, mib: int) -> Path:
    """A dump of that size and the least config; returns the config's path."""
    place = folder / f"{mib}"
    place.mkdir()
    make_core(place / "app.core", mib * MIB)
    (place / "config.yaml").write_text("dump: app.core\n")
    return place / "config.yaml"


def _measure_build(config: Path, output: Path) -> Cost:
    build: list[str | Path | int] = [
        sys.executable,
        "-m",
        "memtiles",
        "build",
        config,
        "--output",
        output,
        "--quiet",
    ]
    return _measure(build)


def _measure(command: Sequence[str | Path | int]) -> Cost:
    """Runs a command to its end; stops the benchmark where it fails."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [str(word) for word in command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    tree = 0
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        tree = max(tree, _tree_rss(process.pid))
        # Often enough to see a peak, seldom enough not to be one; at once for short commands.
        time.sleep(0.02 if time.perf_counter() - start > 0.5 else 0.0005)
    wall = time.perf_counter() - start
    if status:
        assert process.stderr is not None
        raise SystemExit(process.stderr.read().decode())
    return Cost(
        wall,
        usage.ru_utime + usage.ru_stime,
        usage.ru_maxrss / 1024,
        max(tree / MIB, usage.ru_maxrss / 1024),
    )


def _tree_rss(pid: int) -> int:
    """Resident bytes of a process and all below it; 0 where the system does not tell."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") + sum(_tree_rss(int(child)) for child in children)


def _instructions(command: Sequence[str]) -> int | None:
    """Instructions in user mode, where `perf` is there and may count."""
    perf = shutil.which("perf")
    if perf is None:
        return None
    counted = subprocess.run(
        [perf, "stat", "-x", ",", "-e", "instructions:u", *command],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    value = counted.stderr.partition(",")[0]
    return int(value) if value.isdigit() else None


def _print(results: dict[str, Any]) -> None:
    build = results["build"]
    print(f"\nwhole build of {build['mib']} MiB against dzsave (256 px PNG, one picture)")
    print("pair   memtiles wall / CPU s    dzsave wall / CPU s    ratio wall / CPU")
    for number, row in enumerate(build["pairs"], 1):
        ours, theirs = row["memtiles"], row["dzsave"]
        print(
            f"{number:4}   {ours['wall']:13.2f} / {ours['cpu']:5.2f}    "
            f"{theirs['wall']:11.2f} / {theirs['cpu']:5.2f}    "
            f"{ours['wall'] / theirs['wall']:10.2f} / {ours['cpu'] / theirs['cpu']:.2f}"
        )
    ratio = build["median_ratio"]
    print(f"median of the ratios: wall {ratio['wall']:.2f}, CPU {ratio['cpu']:.2f}")
    print(f"\npeak memory of all processes, goal {RSS_GOAL:.0f} MiB")
    for row in results["memory"]:
        met = "met" if row["peak_tree_rss"] <= RSS_GOAL else "MISSED"
        print(
            f"{row['mib']:5} MiB   {row['peak_tree_rss']:6.0f} MiB   {met}   in {row['wall']:.1f} s"
        )
    start = results["start"]
    met = "met" if start["ratio"] <= HELP_GOAL else "MISSED"
    print(
        f"\nmemtiles --help {start['seconds']['help'] * 1000:.0f} ms, python -c pass "
        f"{start['seconds']['pass'] * 1000:.0f} ms: {start['ratio']:.1f} times, "
        f"goal {HELP_GOAL:.0f}: {met}"
    )
    counts = start["instructions"]
    if None not in counts.values():
        print(f"instructions: {counts['help'] / counts['pass']:.1f} times")


if __name__ == "__main__":
    sys.exit(main())
