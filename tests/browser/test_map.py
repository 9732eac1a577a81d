"""The page, opened in Chromium: over file:// and over http, hovered at known places."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from browser.eyes import look_at, painted_at, place_of, status_at, wait_until
from memtiles.cli import run
from sites import build_site, made_up_process

Opener = Callable[..., Page]
Serve = Callable[[Path], str]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_site(tmp_path_factory.mktemp("page"))


def manifest_of(site: Path) -> dict[str, Any]:
    return dict(json.loads((site / "manifest.json").read_text()))


@pytest.fixture(params=["file", "http"])
def url(request: pytest.FixtureRequest, site: Path, serve: Serve) -> str:
    return f"file://{site}/index.html" if request.param == "file" else serve(site)


@pytest.mark.parametrize("ratio", [1, 1.25, 2])
def test_the_address_under_the_pointer_is_exact_at_every_zoom(
    url: str, site: Path, open_page: Opener, ratio: float
) -> None:
    page = open_page(url, ratio=ratio)
    manifest = manifest_of(site)
    _, memory = made_up_process()
    drawn = [row for row in manifest["regions"] if row["picture"] is not None]
    choose = random.Random(6)
    for zoom in (0.9, 1, 1.37, 3, 16, 50):
        region = choose.choice(drawn)
        start, size = int(region["start"], 16), int(region["size"], 16)
        x, y = place_of(manifest, start + choose.randrange(size))
        look_at(page, x, y, zoom)
        for _ in range(12):
            # Bytes that lie near the one in the middle are on the screen.
            picture = manifest["pictures"][region["picture"]]
            address = start + choose.randrange(size)
            column, row = place_of(manifest, address)
            if abs(column - x) * zoom > 250 or abs(row - y) * zoom > 200:
                column, row = x, y
                address = start + _offset(manifest, region, picture, x, y)
            found = status_at(page, column, row)
            assert found["address"] == f"virtual:{address:#x}", (zoom, column, row)
            assert found["offset"] == hex(address - start)
            assert manifest["regions"][int(found["region"])] == region
            present = memory.byte(address) is not None
            assert found["state"] == ("present" if present else "hole")


def _offset(
    manifest: dict[str, Any], region: dict[str, Any], picture: dict[str, Any], x: int, y: int
) -> int:
    number = manifest["regions"].index(region)
    atlas = manifest["atlases"][0]
    placed = next(row for row in atlas["placements"] if row["region"] == number)
    return int((y - placed["y"]) * picture["width"] + x - placed["x"])


def test_painted_pixels_are_the_bytes(site: Path, open_page: Opener, serve: Serve) -> None:
    """At 1:1 and above every painted pixel has its byte's grey, unlike OpenSeadragon's default."""
    manifest = manifest_of(site)
    _, memory = made_up_process()
    region = max(manifest["regions"], key=lambda row: int(row["present"], 16))
    start = int(region["start"], 16)
    page = open_page(serve(site))
    for zoom in (1, 1.5, 4, 9):
        x, y = place_of(manifest, start + 700_000)
        look_at(page, x, y, zoom)
        choose = random.Random(zoom)
        for _ in range(60):
            offset = 700_000 + choose.randrange(-20, 20) * 2048 + choose.randrange(-20, 20)
            column, row = place_of(manifest, start + offset)
            grey = painted_at(page, column, row)
            assert grey == [memory.byte(start + offset)] * 3 + [255], (zoom, offset)


def test_gaps_holes_and_nothing_are_told_apart(site: Path, open_page: Opener) -> None:
    page = open_page(f"file://{site}/index.html")
    manifest = manifest_of(site)
    atlas = manifest["atlases"][0]
    gap = atlas["gaps"][0]
    look_at(page, gap["x"], gap["y"], 1)
    found = status_at(page, gap["x"] + gap["width"] // 2, gap["y"] + gap["height"] // 2)
    assert found == {"state": "gap"}
    assert "gap of" in page.inner_text("#status")
    hole = next(row for row in manifest["regions"] if row["present"] == "0x0")
    x, y = place_of(manifest, int(hole["start"], 16))
    look_at(page, x, y, 2)
    assert status_at(page, x, y)["state"] == "hole"
    assert "not in the dump" in page.inner_text("#status")
    label = atlas["placements"][0]["label"]
    look_at(page, label["x"], label["y"], 2)
    assert status_at(page, label["x"] + 2, label["y"] + 5) == {"state": "none"}


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("0x7ffff7a00010", 0x7FFF_F7A0_0010),
        ("00007fff`f7a00010", 0x7FFF_F7A0_0010),
        ("virtual:0xffffffffff600fff", 0xFFFF_FFFF_FF60_0FFF),
        ("libmade.so.6+0x123", 0x7FFF_F7A0_0123),
    ],
)
def test_go_to(site: Path, open_page: Opener, typed: str, address: int) -> None:
    page = open_page(f"file://{site}/index.html")
    page.keyboard.press("/")
    page.keyboard.type(typed)
    page.keyboard.press("Enter")
    wait_until(page, f"location.hash.startsWith('#virtual:{address:#x}')")
    page.evaluate("memtiles.settled()")
    x, y = place_of(manifest_of(site), address)
    assert status_at(page, x, y)["address"] == f"virtual:{address:#x}"


def test_a_permalink_opens_at_its_byte(site: Path, open_page: Opener) -> None:
    page = open_page(f"file://{site}/index.html#virtual:0x7ffff7a00010")
    page.evaluate("memtiles.settled()")
    x, y = place_of(manifest_of(site), 0x7FFF_F7A0_0010)
    assert status_at(page, x, y)["address"] == "virtual:0x7ffff7a00010"


def test_an_unknown_place_is_told_with_its_neighbours(site: Path, open_page: Opener) -> None:
    page = open_page(f"file://{site}/index.html")
    page.fill("#goto-text", "0x700000000000")
    page.press("#goto-text", "Enter")
    message = page.inner_text("#goto-message")
    assert "libmade.so.6" in message


def test_the_list_filters_and_flies(site: Path, open_page: Opener) -> None:
    page = open_page(f"file://{site}/index.html")
    page.fill("#filter", "libmade")
    wait_until(page, "document.querySelectorAll('#region-list .region').length === 1")
    page.click("#region-list .region")
    page.evaluate("memtiles.settled()")
    x, y = place_of(manifest_of(site), 0x7FFF_F7A0_0000)
    assert status_at(page, x, y)["address"] == "virtual:0x7ffff7a00000"


def test_a_phone_can_use_it(site: Path, open_page: Opener) -> None:
    page = open_page(f"file://{site}/index.html", width=390, height=844)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    x, y = place_of(manifest_of(site), 0x7FFF_F7A0_0010)
    look_at(page, x, y, 16)
    frame = page.evaluate("(() => { const r = memtiles.viewer.element.getBoundingClientRect();"
                          " return [r.left + r.width / 2, r.top + r.height / 2]; })()")  # fmt: skip
    page.touchscreen.tap(*frame)
    wait_until(page, "document.getElementById('status').dataset.address !== undefined")


@pytest.mark.parametrize("change", ["version", "missing"])
def test_what_cannot_be_shown_is_said(
    site: Path, tmp_path: Path, browser: Any, change: str
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(site, copy)
    script = copy / "manifest.js"
    if change == "missing":
        script.unlink()
    else:
        manifest = {**manifest_of(copy), "version": 99}
        script.write_text(f"memtilesManifest = {json.dumps(manifest)};")
    page = browser.new_page()
    page.goto(f"file://{copy}/index.html")
    page.wait_for_selector("#problem:visible")
    assert page.inner_text("#problem").strip()
    page.close()


TARGET = """
import ctypes, sys
libc = ctypes.CDLL(None)
libc.prctl(0x59616D61, ctypes.c_ulong(2**64 - 1), 0, 0, 0)
text = (b"memtiles was here. " * 200000)[: 3 << 20]
block = ctypes.create_string_buffer(text, len(text))
print(hex(ctypes.addressof(block)), flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def target() -> Iterator[tuple[int, int]]:
    """A real process with known bytes: its number and their address."""
    if sys.platform != "linux":
        pytest.skip("a live process is read on Linux only")
    with subprocess.Popen(
        [sys.executable, "-c", TARGET], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield process.pid, int(process.stdout.readline(), 16)
        process.send_signal(signal.SIGKILL)


@pytest.mark.parametrize("source", ["process", "gcore"])
def test_a_real_program(
    source: str, target: tuple[int, int], tmp_path: Path, open_page: Opener, serve: Serve
) -> None:
    pid, address = target
    config = tmp_path / "config.yaml"
    if source == "process":
        config.write_text(f"dump: {{live: {{pid: {pid}}}}}\n")
    else:
        if shutil.which("gcore") is None:
            pytest.skip("not run: gcore (Debian's gdb) is not installed")
        subprocess.run(
            ["gcore", "-o", tmp_path / "core", str(pid)], check=True, capture_output=True
        )
        config.write_text(f"dump: core.{pid}\n")
    assert run(["build", str(config), "--quiet"]) == 0
    site = tmp_path / "site"
    manifest = manifest_of(site)
    for offset in (0, 12345, (3 << 20) - 1):
        x, y = place_of(manifest, address + offset)
        page = open_page(f"file://{site}/index.html")
        look_at(page, x, y, 24)
        found = status_at(page, x, y)
        assert (found["address"], found["state"]) == (f"virtual:{address + offset:#x}", "present")
    page = open_page(serve(site))
    look_at(page, x, y, 24)
    assert status_at(page, x, y)["address"] == f"virtual:{address + offset:#x}"
    text = (b"memtiles was here. " * 200000)[: 3 << 20]
    assert painted_at(page, x, y)[0] == text[offset]
