"""`make pictures`: what README.md shows, from the site of `make demo` and a library of numpy's.

They show memory of the machine that they are made on, so no two runs give the same bytes.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy._core._multiarray_umath as library
from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).resolve().parent
SITE = HERE.parents[1] / "demo" / "site"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


def main() -> int:
    """Makes all pictures anew."""
    if not (SITE / "index.html").exists():
        print("there is no demo/site: run `make demo` first", file=sys.stderr)
        return 1
    strip = HERE / "strip.png"
    command = [sys.executable, "-m", "memtiles", "slice", library.__file__, str(strip)]
    subprocess.run([*command, "--crop", "1240x300+0+1230", "--force"], check=True)
    screenshots()
    return 0


def screenshots() -> None:
    """The page as it opens, along a curve through a lens, and at single bytes."""
    browser_path = next(filter(None, map(shutil.which, CHROMIUM)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=browser_path, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto((SITE / "index.html").as_uri())
        settle(page)
        page.screenshot(path=HERE / "landscape.png")
        curve = page.locator("#atlas option", has_text="curve").first.inner_text()
        page.goto(f"{(SITE / 'index.html').as_uri()}#/class")
        page.reload()
        settle(page)
        page.select_option("#atlas", label=curve)
        settle(page)
        page.screenshot(path=HERE / "class.png")
        manifest = json.loads((SITE / "manifest.json").read_bytes())
        heap = next(row for row in manifest["regions"] if row["kind"] == "heap")
        show(page, manifest, heap)
        page.screenshot(path=HERE / "bytes.png")
        browser.close()


def show(page: Page, manifest: Mapping[str, Any], region: Mapping[str, Any]) -> None:
    """Zooms to a place in a region, and points at a byte there."""
    address = int(region["start"], 16) + int(region["size"], 16) // 3
    page.goto(f"{(SITE / 'index.html').as_uri()}#{region['space']}:{address:#x}@16")
    page.reload()
    settle(page)
    page.mouse.move(760, 420)
    page.wait_for_timeout(300)


def settle(page: Page) -> None:
    """Waits until all tiles are drawn."""
    page.wait_for_timeout(500)
    page.evaluate("memtiles.settled()")
    page.wait_for_timeout(500)


if __name__ == "__main__":
    sys.exit(main())
