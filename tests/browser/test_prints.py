"""The list of prints: there where the site has strips, and each link leads to its file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from sites import build_site

Opener = Callable[..., Page]
Serve = Callable[[Path], str]

STRIPS = """\
strips:
- {name: a-page, region: 0x6000004000, crop: 50x60+3+4, dpi: 127}
- {name: library, region: libmade.so.6, format: tif}
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_site(tmp_path_factory.mktemp("prints"), STRIPS)


@pytest.fixture(params=["file", "http"])
def url(request: pytest.FixtureRequest, site: Path, serve: Serve) -> str:
    return f"file://{site}/" if request.param == "file" else serve(site)


def test_each_print_is_told(url: str, site: Path, open_page: Opener) -> None:
    page = open_page(f"{url}index.html")
    rows = json.loads((site / "manifest.json").read_text())["strips"]
    assert not page.is_visible(".print")
    page.click("#prints summary")
    assert page.inner_text("#prints summary") == "Prints (2)"
    links = page.locator("#prints a")
    hrefs = [link.get_attribute("href") for link in links.all()]
    assert hrefs == [f"{row['path']}/{row['file']}" for row in rows]
    # 50 pixels of a 127th of an inch are 10 mm.
    size = f"PNG, {rows[0]['size'] / 1024:.1f} KiB"
    said = links.first.inner_text().split("\n")
    assert said == ["a-page", size, "50 × 60 px", "127 dpi", "10 × 12 mm"]


def test_a_print_leads_to_its_file(url: str, site: Path, browser: Browser) -> None:
    # Not `open_page`: on a bare image Chromium complains that the server has no favicon.ico.
    page = browser.new_page()
    page.goto(f"{url}index.html")
    page.click("#prints summary")
    page.click(".print")
    (file,) = site.glob("strips/a-page-*/a-page.png")
    page.wait_for_url(f"{url}{file.relative_to(site).as_posix()}")
    image = "[document.images[0].naturalWidth, document.images[0].naturalHeight]"
    assert page.evaluate(image) == [50, 60]
    page.go_back()
    page.evaluate("memtiles.ready")
    page.close()


def test_a_served_print_is_the_file(site: Path, open_page: Opener, serve: Serve) -> None:
    page = open_page(serve(site))
    links = page.evaluate("Array.from(document.querySelectorAll('.print'), (one) => one.href)")
    bodies = [page.request.get(link).body() for link in links]
    files = [*site.glob("strips/*/*.png"), *site.glob("strips/*/*.tif")]
    assert bodies == [file.read_bytes() for file in files]


def test_a_phone_has_it_below_the_regions(site: Path, open_page: Opener) -> None:
    page = open_page(f"file://{site}/index.html", width=390, height=844)
    assert not page.is_visible("#prints")
    page.click("#regions-toggle")
    page.click("#prints summary")
    page.wait_for_selector(".print:visible")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    box = page.locator("#prints").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= 844


def test_without_strips_there_is_nothing(tmp_path: Path, open_page: Opener) -> None:
    page = open_page(f"file://{build_site(tmp_path)}/index.html")
    assert not page.is_visible("#prints")
