"""Where an atlas pixel stands on the screen, by OpenSeadragon's arithmetic and not by ours."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

LOOK_AT = """
async ([x, y, zoom]) => {
  const view = memtiles.viewer.viewport;
  const image = memtiles.viewer.world.getItemAt(0);
  const point = view.getCenter().clone();
  point.x = x; point.y = y;
  const size = view.getContainerSize();
  view.panTo(image.imageToViewportCoordinates(point), true);
  view.zoomTo(image.imageToViewportZoom(zoom), null, true);
  await memtiles.settled();
}
"""

IN_ELEMENT = """
([x, y]) => {
  const image = memtiles.viewer.world.getItemAt(0);
  const point = memtiles.viewer.viewport.getCenter().clone();
  point.x = x; point.y = y;
  const found = image.imageToViewerElementCoordinates(point);
"""

ON_SCREEN = f"""{IN_ELEMENT}
  const frame = memtiles.viewer.element.getBoundingClientRect();
  return [found.x + frame.left, found.y + frame.top];
}}
"""

PAINTED = f"""{IN_ELEMENT}
  const ratio = memtiles.viewer.drawer.canvas.width / memtiles.viewer.element.clientWidth;
  const context = memtiles.viewer.drawer.canvas.getContext('2d');
  const at = (value) => Math.floor(value * ratio);
  return [...context.getImageData(at(found.x), at(found.y), 1, 1).data];
}}
"""


def wait_until(page: Page, expression: str) -> None:
    """Waits for a truth in the page; `wait_for_function` needs eval, which the page forbids."""
    while not page.evaluate(expression):
        page.wait_for_timeout(10)


def look_at(page: Page, x: float, y: float, zoom: float) -> None:
    """Brings an atlas pixel to the middle; `zoom` is CSS pixels per atlas pixel."""
    page.evaluate(LOOK_AT, [x, y, zoom])


def status_at(page: Page, x: int, y: int) -> dict[str, Any]:
    """What the status line says with the pointer on the middle of an atlas pixel."""
    left, top = page.evaluate(ON_SCREEN, [x + 0.5, y + 0.5])
    page.mouse.move(left, top)
    wait_until(page, "document.getElementById('status').dataset.state !== undefined")
    return dict(page.evaluate("({...document.getElementById('status').dataset})"))


def painted_at(page: Page, x: int, y: int) -> list[int]:
    """Red, green, blue and alpha of the canvas where the middle of an atlas pixel is."""
    return list(page.evaluate(PAINTED, [x + 0.5, y + 0.5]))


def place_of(manifest: dict[str, Any], address: int) -> tuple[int, int]:
    """The atlas pixel of an address, from the manifest alone."""
    atlas = manifest["atlases"][0]
    for placement in atlas["placements"]:
        region = manifest["regions"][placement["region"]]
        picture = manifest["pictures"][placement["picture"]]
        offset = address - int(region["start"], 16)
        if 0 <= offset < int(region["size"], 16):
            row, column = divmod(offset // (picture["bits"] // 8), picture["width"])
            return placement["x"] + column, placement["y"] + row
    raise AssertionError(f"{address:#x} is in no region")
