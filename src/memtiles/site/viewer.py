"""The page: the bundled viewer that comes with the package, copied into every site."""

from __future__ import annotations

import hashlib
from importlib.resources import files

from memtiles.errors import MemtilesError

FILES = ("icon.svg", "index.html", "licenses.txt", "viewer.css", "viewer.js")


def viewer_files() -> dict[str, bytes]:
    """The viewer's files by name.

    Raises:
        MemtilesError: The package was installed from a checkout whose viewer was not bundled.
    """
    static = files("memtiles.site") / "static"
    try:
        return {name: (static / name).read_bytes() for name in FILES}
    except FileNotFoundError:
        raise MemtilesError(
            "the viewer is not in this installation: run `make viewer` in the checkout"
        ) from None


def viewer_digests(viewer: dict[str, bytes]) -> dict[str, str]:
    """SHA-256 of each file, for the manifest."""
    return {name: hashlib.sha256(content).hexdigest() for name, content in viewer.items()}
