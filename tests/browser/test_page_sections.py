"""The page, where modules have sections: what the status line says, and what go-to takes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from browser.eyes import look_at, place_of, status_at, wait_until
from builders.elf import Load, elf_core, nt_file
from builders.elf_image import VDSO, R, Segment, elf_image
from builders.pe import Row, pe_image
from builders.sections import BARE_AT, HAL_AT, TINY_AT, core_with_sections
from memtiles.cli import run

Opener = Callable[..., Page]


def built(folder: Path, core: bytes) -> Path:
    (folder / "app.core").write_bytes(core)
    (folder / "config.yaml").write_text("dump: app.core\n")
    assert run(["build", str(folder / "config.yaml"), "--quiet"]) == 0
    return folder / "site"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("sections"), core_with_sections())


def manifest_of(site: Path) -> dict[str, Any]:
    return dict(json.loads((site / "manifest.json").read_text()))


def words_at(page: Page, site: Path, address: int) -> list[str]:
    """What the status line says with the pointer on an address, part by part."""
    x, y = place_of(manifest_of(site), address)
    look_at(page, x, y, 8)
    assert status_at(page, x, y)["address"] == f"virtual:{address:#x}"
    parts = "[...document.getElementById('status').children].map((part) => part.innerText)"
    return list(page.evaluate(parts))


def test_an_address_is_told_by_its_section(site: Path, open_page: Opener) -> None:
    page = open_page(f"file://{site}/index.html")
    for address, words in (
        (HAL_AT, ["hal.dll!header+0x0", "hal.dll+0x0", "r--"]),
        (HAL_AT + 0x1012, ["hal.dll!.text+0x12", "hal.dll+0x1012", "r-x"]),
        (HAL_AT + 0x4000, ["hal.dll!.data+0x0", "hal.dll+0x4000", "rw-"]),
        (TINY_AT + 0x400, ["libtiny.so!.text+0x0", "libtiny.so+0x400", "r-x"]),
        # Behind .text, and in a module without headers.
        (HAL_AT + 0x3345, ["hal.dll+0x3345"]),
        (BARE_AT + 0x12, ["bare.so+0x12"]),
    ):
        assert words_at(page, site, address)[1:-1] == words


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("hal!.text+0x12", HAL_AT + 0x1012),
        ("HAL.DLL!.TEXT", HAL_AT + 0x1000),
        ("hal!init+fff", HAL_AT + 0x5FFF),
        ("hal+0x1012", HAL_AT + 0x1012),
        ("libtiny!.dynamic", TINY_AT + 0x240),
    ],
)
def test_go_to_a_section(site: Path, open_page: Opener, typed: str, address: int) -> None:
    page = open_page(f"file://{site}/index.html")
    page.fill("#goto-text", typed)
    page.press("#goto-text", "Enter")
    # The link is what it was without sections: an address.
    wait_until(page, f"location.hash === '#virtual:{address:#x}'")


def test_an_offset_behind_the_section_is_refused(site: Path, open_page: Opener) -> None:
    page = open_page(f"file://{site}/index.html")
    page.fill("#goto-text", "hal!.reloc+0x10")
    page.press("#goto-text", "Enter")
    assert page.inner_text("#goto-message") == "hal.dll!.reloc ends at +0x10."


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_the_line_has_room_for_long_names(
    tmp_path: Path, open_page: Opener, width: int, height: int
) -> None:
    name = "api-ms-win-core-processthreads-l1-1-0.dll"
    image = pe_image([Row(b".textbss", 0x1000, 0x5000)])
    files = nt_file([(HAL_AT, HAL_AT + len(image), 0, f"/{name}".encode())])
    site = built(tmp_path, elf_core([Load(HAL_AT, image, flags=5)], files))
    page = open_page(f"file://{site}/index.html#virtual:{HAL_AT + 0x5FFF:#x}", width, height)
    page.evaluate("memtiles.settled()")
    assert page.text_content("#status .status-offset") == f"{name}!.textbss+0x4fff"
    outside = """
      [...document.getElementById('status').children].filter((part) => {
        const [own, line] = [part, part.parentElement].map((one) => one.getBoundingClientRect());
        return own.right > line.right || own.top < line.top || own.bottom > line.bottom;
      }).map((part) => part.className)
    """
    assert page.evaluate(outside) == []
    assert "+0x5fff" in page.inner_text("#status .status-module")


def test_a_segment_tells_its_protection_alone(tmp_path: Path, open_page: Opener) -> None:
    segments = [Segment(0, 0x800, R), Segment(0x1000, 0x1000, 5), Segment(0x2000, 0x1000, 6)]
    image = elf_image(VDSO, segments, sections_at=0x3000, size=0x3000)
    files = nt_file([(TINY_AT, TINY_AT + len(image), 0, b"/lib/libc.so.6")])
    site = built(tmp_path, elf_core([Load(TINY_AT, image, flags=5)], files))
    page = open_page(f"file://{site}/index.html")
    assert words_at(page, site, TINY_AT + 0x10)[1:] == ["libc.so.6+0x10", "r--", "module"]
    assert words_at(page, site, TINY_AT + 0x2010)[1:] == ["libc.so.6+0x2010", "rw-", "module"]


def test_the_name_of_a_section_is_text_and_nothing_else(tmp_path: Path, open_page: Opener) -> None:
    image = pe_image([Row(b"<b>x\xe2\x80\xae", 0x1000, 0x1000)])
    files = nt_file([(HAL_AT, HAL_AT + len(image), 0, b"/hal.dll")])
    site = built(tmp_path, elf_core([Load(HAL_AT, image, flags=5)], files))
    page = open_page(f"file://{site}/index.html")
    assert words_at(page, site, HAL_AT + 0x1002)[1] == "hal.dll!<b>x\\u202e+0x2"
    assert page.evaluate("document.querySelectorAll('#status b').length") == 0
