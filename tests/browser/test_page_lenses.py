"""The page with several lenses and an atlas on a Hilbert curve: what is seen, told and followed.

The process is made up, so that each test knows its bytes; colours are those of the legends in the
manifest, and places on the curve come from the arithmetic of the literature.
"""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Request

from browser.eyes import ON_SCREEN, look_at, painted_at, place_of, status_at, wait_until
from builders.elf import Load, elf_core, nt_file
from memtiles.cli import run

Opener = Callable[..., Page]
Serve = Callable[[Path], str]

PAGE = 4096
TEXT_AT = 0x5555_6000_0000
WORDS_AT = 0x5555_7000_0000
WRITES_AT = 0x5555_8000_0000
LIBRARY_AT = 0x7FFF_F7A0_0000

TEXT = (b"memtiles was here. " * 4000)[: 16 * PAGE]
LIBRARY = random.Random(29).randbytes(12 * PAGE)
WORDS = [LIBRARY_AT + 0x1234, WORDS_AT + 0x18, 7, 0, *range(1, 2 * PAGE // 8 - 3)]

CONFIG = """
dump: app.core
pictures: {lenses: [bytes, class, pointers]}
atlases: [{name: map}, {name: curve, layout: hilbert}]
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lenses")
    loads = [
        Load(TEXT_AT, TEXT, flags=6),
        Load(WORDS_AT, struct.pack(f"<{len(WORDS)}Q", *WORDS), flags=6),
        # The rest of this segment was not dumped.
        Load(WRITES_AT, TEXT[:PAGE], memsz=8 * PAGE, flags=7),
        Load(LIBRARY_AT, LIBRARY, flags=5),
    ]
    files = [(LIBRARY_AT, LIBRARY_AT + len(LIBRARY), 0, b"/usr/lib/libmade.so.6")]
    (folder / "app.core").write_bytes(elf_core(loads, nt_file(files)))
    (folder / "config.yaml").write_text(CONFIG)
    assert run(["build", str(folder / "config.yaml"), "--quiet"]) == 0
    return folder / "site"


def manifest_of(site: Path) -> dict[str, Any]:
    return dict(json.loads((site / "manifest.json").read_text()))


def lens_of(site: Path, name: str) -> dict[str, Any]:
    return next(dict(row) for row in manifest_of(site)["lenses"] if row["name"] == name)


def colour_of(site: Path, lens: str, word: str) -> list[int]:
    """Red, green, blue and alpha of the first line of a lens's legend that holds a word."""
    legend = lens_of(site, lens)["legend"]
    colour = next(row["colour"] for row in legend if word in row["label"])
    return [*bytes.fromhex(colour[1:]), 255]


def choose(page: Page, lens: str) -> None:
    page.select_option("#lens", label=lens)
    page.evaluate("memtiles.settled()")


def overlay_at(page: Page, x: int, y: int) -> list[int]:
    """Red, green, blue and alpha of the overlay where the middle of an atlas pixel is."""
    left, top = page.evaluate(ON_SCREEN, [x + 0.5, y + 0.5])
    return list(
        page.evaluate(
            """([left, top]) => {
              const canvas = document.getElementById('overlay');
              const box = canvas.getBoundingClientRect();
              const ratio = canvas.width / box.width;
              const at = [(left - box.left) * ratio, (top - box.top) * ratio].map(Math.floor);
              return [...canvas.getContext('2d').getImageData(...at, 1, 1).data];
            }""",
            [left, top],
        )
    )


def view_of(page: Page) -> list[float]:
    bounds = "(() => { const b = memtiles.viewer.viewport.getBounds(true);"
    return list(page.evaluate(f"{bounds} return [b.x, b.y, b.width, b.height]; }})()"))


def test_a_lens_changes_colours_and_nothing_else(
    site: Path, open_page: Opener, serve: Serve
) -> None:
    page = open_page(serve(site))
    x, y = place_of(manifest_of(site), TEXT_AT + 0x1004)
    look_at(page, x, y, 6)
    before = view_of(page)
    assert painted_at(page, x, y) == [TEXT[0x1004]] * 3 + [255]
    page.mouse.move(5, 5)
    page.keyboard.press("l")
    page.evaluate("memtiles.settled()")
    text = colour_of(site, "class", "ASCII text")
    assert painted_at(page, x, y) == text
    assert view_of(page) == before
    assert page.evaluate("location.hash").endswith("/class")
    page.keyboard.press("Shift+L")
    page.evaluate("memtiles.settled()")
    assert painted_at(page, x, y) == [TEXT[0x1004]] * 3 + [255]
    assert "/" not in page.evaluate("location.hash")


def test_no_moment_is_empty_while_lenses_change(
    site: Path, open_page: Opener, serve: Serve
) -> None:
    page = open_page(serve(site))
    x, y = place_of(manifest_of(site), TEXT_AT + 0x1004)
    look_at(page, x, y, 6)
    left, top = page.evaluate(ON_SCREEN, [x + 0.5, y + 0.5])
    seen = page.evaluate(
        """async ([left, top]) => {
          const { drawer, element } = memtiles.viewer;
          const box = element.getBoundingClientRect();
          const colours = new Set();
          let watching = true;
          const watch = () => {
            const at = [Math.floor(left - box.left), Math.floor(top - box.top)];
            const { data } = drawer.canvas.getContext('2d').getImageData(...at, 1, 1);
            colours.add([...data].join());
            if (watching) requestAnimationFrame(watch);
          };
          watch();
          for (let turn = 0; turn < 7; turn += 1) {
            document.dispatchEvent(new KeyboardEvent('keydown', { key: 'l' }));
            await memtiles.settled();
          }
          watching = false;
          return [...colours];
        }""",
        [left, top],
    )
    allowed = {
        tuple([TEXT[0x1004]] * 3 + [255]),
        tuple(colour_of(site, "class", "ASCII text")),
        tuple(colour_of(site, "pointers", "no pointer")),
    }
    assert {tuple(int(part) for part in colour.split(",")) for colour in seen} == allowed


def test_a_link_keeps_the_lens(site: Path, open_page: Opener) -> None:
    page = open_page(f"file://{site}/index.html#virtual:{TEXT_AT:#x}@8/class")
    assert page.input_value("#lens") == "class"
    assert page.evaluate("location.hash") == f"#virtual:{TEXT_AT:#x}@8/class"
    page.reload()
    page.evaluate("memtiles.ready")
    assert page.input_value("#lens") == "class"


@pytest.mark.parametrize("end", ["", "@8", "@8/diff", "/", "/%E0%A4%A"])
def test_links_without_a_lens_of_the_site_are_read(site: Path, open_page: Opener, end: str) -> None:
    page = open_page(f"file://{site}/index.html#virtual:{LIBRARY_AT:#x}{end}")
    assert page.input_value("#lens") == "bytes"
    x, y = place_of(manifest_of(site), LIBRARY_AT)
    assert status_at(page, x, y)["address"] == f"virtual:{LIBRARY_AT:#x}"


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_the_legend_tells_about_the_lens(
    site: Path, open_page: Opener, width: int, height: int
) -> None:
    page = open_page(f"file://{site}/index.html", width=width, height=height)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if width < 500:
        assert not page.is_visible("#legend-body")
        page.click("#legend summary")
    for name in ("class", "pointers", "bytes"):
        choose(page, name)
        lens = lens_of(site, name)
        said = page.inner_text("#legend-body")
        for words in (lens["summary"], lens["rule"], *(row["label"] for row in lens["legend"])):
            assert words in said
        box = page.locator("#legend").bounding_box()
        assert box is not None
        assert 0 <= box["x"] <= width - box["width"]
        assert 0 <= box["y"] <= height - box["height"]
    page.click("#legend summary")
    assert not page.is_visible("#legend-body")


def test_tints_are_drawn_over_the_memory(site: Path, open_page: Opener) -> None:
    page = open_page(f"file://{site}/index.html")
    manifest = manifest_of(site)
    inside = {
        "text": place_of(manifest, TEXT_AT + 0x1004),
        "writes": place_of(manifest, WRITES_AT + 0x804),
        "hole": place_of(manifest, WRITES_AT + 3 * PAGE + 0x804),
        "library": place_of(manifest, LIBRARY_AT + 0x1004),
    }

    def seen(tint: str) -> dict[str, list[int]]:
        page.select_option("#tint", label=tint)
        found = {}
        for name, (x, y) in inside.items():
            look_at(page, x, y, 12)
            found[name] = overlay_at(page, x, y)
        return found

    page.mouse.move(5, 5)
    assert all(colour[3] == 0 for colour in seen("none").values())
    kinds = seen("kind")
    assert all(40 < colour[3] < 200 for colour in kinds.values())
    assert kinds["text"] == kinds["hole"] != kinds["library"]
    rights = seen("protection")
    red, _, blue, _ = rights["writes"]
    assert red > 200 > 80 > blue, "memory that can be written and run stands out"
    assert rights["text"] != rights["writes"] == rights["hole"]
    assert "writable and executable" in page.inner_text("#legend-body")
    page.select_option("#tint", label="missing")
    x, y = inside["hole"]
    look_at(page, x, y, 12)
    while overlay_at(page, x, y)[3] == 0:
        page.wait_for_timeout(10)
    missing = seen("missing")
    assert missing["hole"][3] > 100
    assert missing["writes"][3] == missing["text"][3] == missing["library"][3] == 0


def on_the_curve(number: int, order: int) -> tuple[int, int]:
    """Hilbert's curve, by the English Wikipedia's `d2xy`, with x and y swapped."""
    x = y = 0
    side = 1
    while side < 1 << order:
        right = 1 & (number // 2)
        up = 1 & (number ^ right)
        if not up:
            if right:
                x, y = side - 1 - x, side - 1 - y
            x, y = y, x
        x += side * right
        y += side * up
        number //= 4
        side *= 2
    return y, x


def curve_place(manifest: dict[str, Any], start: int, offset: int) -> tuple[int, int]:
    """The pixel of an offset into a region in the second atlas."""
    atlas = manifest["atlases"][1]
    for placed in atlas["placements"]:
        region = manifest["regions"][placed["region"]]
        if int(region["start"], 16) == start:
            order = 0
            while 4**order < int(region["size"], 16):
                order += 1
            x, y = on_the_curve(offset, order)
            return placed["x"] + x, placed["y"] + y
    raise AssertionError(f"{start:#x} is no region")


def test_an_atlas_on_a_curve_is_as_exact(site: Path, open_page: Opener, serve: Serve) -> None:
    manifest = manifest_of(site)
    choose_offset = random.Random(31)
    page = open_page(serve(site))
    page.select_option("#atlas", index=1)
    wait_until(page, "document.getElementById('atlas').selectedIndex === 1")
    page.evaluate("memtiles.settled()")
    for start, data in ((LIBRARY_AT, LIBRARY), (TEXT_AT, TEXT)):
        for zoom in (1, 3, 16):
            offset = choose_offset.randrange(len(data))
            x, y = curve_place(manifest, start, offset)
            look_at(page, x, y, zoom)
            assert painted_at(page, x, y) == [data[offset]] * 3 + [255]
            assert status_at(page, x, y)["address"] == f"virtual:{start + offset:#x}"
    page.fill("#goto-text", "libmade.so.6+0x2345")
    page.press("#goto-text", "Enter")
    wait_until(page, f"location.hash.startsWith('#virtual:{LIBRARY_AT + 0x2345:#x}')")
    page.evaluate("memtiles.settled()")
    assert page.evaluate("document.getElementById('atlas').selectedIndex") == 1
    x, y = curve_place(manifest, LIBRARY_AT, 0x2345)
    assert status_at(page, x, y)["offset"] == "0x2345"
    assert "square" in page.inner_text("#scale")


def test_a_pointer_is_followed(site: Path, open_page: Opener, serve: Serve) -> None:
    manifest = manifest_of(site)
    page = open_page(f"{serve(site)}#virtual:{WORDS_AT:#x}/pointers")
    # Any byte of the word will do.
    x, y = place_of(manifest, WORDS_AT + 3)
    status_at(page, x, y)
    page.wait_for_selector("#follow:visible")
    wanted = f"→ libmade.so.6+0x1234 ({LIBRARY_AT + 0x1234:#x})"
    assert page.inner_text("#follow").replace("\n", "") == wanted
    page.keyboard.press("Enter")
    wait_until(page, f"location.hash.startsWith('#virtual:{LIBRARY_AT + 0x1234:#x}')")
    page.evaluate("memtiles.settled()")
    assert page.evaluate("location.hash").endswith("/pointers")
    # The seven is no address of anything.
    x, y = place_of(manifest, WORDS_AT + 16)
    look_at(page, x, y, 16)
    status_at(page, x, y)
    page.wait_for_selector("#follow", state="hidden")


def test_a_click_marks_a_pointer_for_the_button(
    site: Path, open_page: Opener, serve: Serve
) -> None:
    page = open_page(f"{serve(site)}#virtual:{WORDS_AT + 8:#x}/pointers")
    page.wait_for_selector("#follow:visible")
    page.click("#follow")
    wait_until(page, f"location.hash.startsWith('#virtual:{WORDS_AT + 0x18:#x}')")


def test_moving_over_words_asks_for_their_block_once(
    site: Path, open_page: Opener, serve: Serve
) -> None:
    ranges: list[str] = []

    def listen(request: Request) -> None:
        if "range" in request.headers:
            ranges.append(request.headers["range"])

    page = open_page(f"{serve(site)}#virtual:{WORDS_AT + 8:#x}/pointers")
    page.wait_for_selector("#follow:visible")
    page.on("request", listen)
    manifest = manifest_of(site)
    for offset in range(0, 512, 8):
        x, y = place_of(manifest, WORDS_AT + offset)
        look_at(page, x, y, 16)
        status_at(page, x, y)
    page.wait_for_timeout(200)
    assert ranges == []


def test_a_page_of_a_file_follows_pointers_in_a_folder_that_is_chosen(
    site: Path, tmp_path: Path, open_page: Opener
) -> None:
    page = open_page(f"file://{site}/index.html#virtual:{TEXT_AT:#x}")
    assert not page.is_visible("#folder-label")
    page = open_page(f"file://{site}/index.html#virtual:{WORDS_AT:#x}/pointers")
    x, y = place_of(manifest_of(site), WORDS_AT)
    assert status_at(page, x, y)["state"] == "present"
    page.wait_for_selector("#folder-label:visible")
    page.wait_for_timeout(200)
    assert not page.is_visible("#follow")
    (tmp_path / "photo.bmp").write_bytes(b"BM")
    page.set_input_files("#folder", tmp_path)
    assert (
        page.inner_text("#folder-label")
        == "Not the folder of this map: choose the one with index.html in it"
    )
    page.set_input_files("#folder", site)
    page.wait_for_selector("#follow:visible")
    assert not page.is_visible("#folder-label")
    wanted = f"→ libmade.so.6+0x1234 ({LIBRARY_AT + 0x1234:#x})"
    assert page.inner_text("#follow").replace("\n", "") == wanted
    page.click("#follow")
    wait_until(page, f"location.hash.startsWith('#virtual:{LIBRARY_AT + 0x1234:#x}')")


def test_a_link_leads_to_the_atlas_that_it_was_made_in(site: Path, open_page: Opener) -> None:
    page = open_page(f"file://{site}/index.html")
    page.select_option("#atlas", label="curve")
    page.evaluate("memtiles.settled()")
    wait_until(page, "location.hash.endsWith('//curve')")
    page = open_page(f"file://{site}/index.html#virtual:{TEXT_AT:#x}@8/class/curve")
    assert page.evaluate("document.getElementById('atlas').selectedIndex") == 1
    assert page.evaluate("location.hash") == f"#virtual:{TEXT_AT:#x}@8/class/curve"
