"""The peak memory of a whole build, at sizes and aspects of its atlas that are far apart."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from builds import build
from goals import at_most
from inputs import make_build_input

RSS_GOAL = 350.0
GROWTH_GOAL = 10.0
SMALL = {"rss_mib": [16, 64]}

ASPECTS = ("16:9", "100:1", "1:100")


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--rss-mib", type=int, nargs="+", default=[256, 4096], help="default: 256 4096"
    )


def run(folder: Path, options: argparse.Namespace) -> list[dict[str, Any]]:
    rows = []
    for mib in options.rss_mib:
        config = make_build_input(folder, mib)
        for aspect in ASPECTS:
            config.write_text(
                "dump: app.core\n"
                f'atlases: [{{name: all, style: landscape, aspect: "{aspect}"}}]\n'
                "limits: {output: 1TiB}\n"
            )
            site = config.parent / "site"
            cost = build(config, site)
            shutil.rmtree(site)
            rows.append({"mib": mib, "aspect": aspect, **cost})
        shutil.rmtree(config.parent)
    return rows


def lines(results: list[dict[str, Any]]) -> Iterator[str]:
    yield "peak memory of all processes of a build"
    yield "            aspect    peak MiB    wall s    others' processors"
    for row in results:
        yield (
            f"{row['mib']:5} MiB {row['aspect']:>8} {row['peak_tree_rss']:11.0f} "
            f"{row['wall']:9.1f} {row['others']:14.1f}      "
            f"{at_most(row['peak_tree_rss'], RSS_GOAL, ' MiB')}"
        )
    for aspect in ASPECTS:
        peaks = [row["peak_tree_rss"] for row in results if row["aspect"] == aspect]
        growth = 100 * (peaks[-1] / peaks[0] - 1)
        yield f"{aspect}: grows by {growth:.1f} %; {at_most(growth, GROWTH_GOAL, ' %')}"
