"""A headless Chromium of the system's, and a page that must stay free of errors."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")

# No sandbox: the tests may run as root. The rest keeps Chromium from calling home.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

Opener = Callable[..., Page]
Serve = Callable[[Path], str]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip("not run: no Chromium on the PATH")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def open_page(browser: Browser, serve: Serve) -> Iterator[Opener]:
    """Opens a page that is ready; at the end of the test none may have complained.

    It needs `serve`, so that pages are closed before their server stops: Chromium asks for the
    page's icon when it likes, and a test that was over by then failed for it.
    """
    complaints: list[str] = []
    pages: list[Page] = []

    def listen(said: ConsoleMessage) -> None:
        # Reading pixels back, as these tests do, makes Chromium suggest a slower canvas.
        if said.type in ("error", "warning") and "willReadFrequently" not in said.text:
            complaints.append(said.text)

    def opened(url: str, width: int = 1280, height: int = 800, ratio: float = 1) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            device_scale_factor=ratio,
            has_touch=width < 500,
        )
        page = context.new_page()
        page.on("console", listen)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("requestfailed", lambda failed: complaints.append(failed.url))
        page.goto(url)
        page.evaluate("memtiles.ready")
        pages.append(page)
        return page

    yield opened
    for page in pages:
        page.context.close()
    assert complaints == []


@contextmanager
def served(site: Path) -> Iterator[str]:
    """The address of `memtiles serve` on a site."""
    command = [sys.executable, "-m", "memtiles", "serve", str(site), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().split()[0]
        finally:
            # Else a test that fails would wait for the server for ever.
            server.terminate()


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serves sites until the test is over."""
    with ExitStack() as servers:
        yield lambda site: servers.enter_context(served(site))
