"""The folder of one strip: named after all that its file depends on; the file and its digest."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import astuple, dataclass
from pathlib import Path

from memtiles.crop import Crop
from memtiles.errors import MEND, DamageError
from memtiles.site.picture_folder import content_key
from memtiles.site.store import Store, file_stem, slug
from memtiles.tiles import strip
from memtiles.tiles.plane import CroppedPlane, Plane

DIGEST_FILE = "strip.sha256"

# Raised when the files of a strip folder change their form.
VERSION = 1


@dataclass(frozen=True)
class StripOrder:
    """What a strip is to be.

    Attributes:
        name: Of the strip.
        source: The folder of the picture or the atlas that it is cut from.
        crop: The pixels of it.
        format: Of the file.
        dpi: Pixels per inch, as the file states it.
        description: What the file says that it is of; ASCII.
    """

    name: str
    source: str
    crop: Crop
    format: strip.StripFormat
    dpi: int
    description: str

    @property
    def file(self) -> str:
        """The name of the file in the strip's folder."""
        return f"{file_stem(self.name, 'strip')}.{self.format}"

    @property
    def path(self) -> str:
        """The strip's folder."""
        key = {
            "folder": VERSION,
            "strip": [strip.VERSION, self.format, self.dpi, self.description],
            "source": self.source,
            "crop": astuple(self.crop),
        }
        return f"strips/{slug(self.name)}-{content_key(key)}"


def make_strip(
    store: Store, order: StripOrder, plane: Plane, jobs: int, advance: Callable[[int], object]
) -> None:
    """Cuts a strip from a plane that lies in the store and leaves it there, too."""
    staged = store.stage()
    file = staged / order.file
    strip.save_strip(
        CroppedPlane(plane, order.crop),
        file,
        order.format,
        dpi=order.dpi,
        description=order.description,
        jobs=jobs,
        advance=advance,
    )
    (staged / DIGEST_FILE).write_bytes(digest_line(order.file, digest_of(file)))
    store.keep(staged, order.path)


def finished_strip(root: Path, order: StripOrder) -> tuple[int, str]:
    """The size and the digest of a finished strip, from its folder.

    Raises:
        DamageError: The folder is not what `make_strip` left.
    """
    folder = root / order.path
    try:
        size = (folder / order.file).stat().st_size
        text = (folder / DIGEST_FILE).read_bytes()
    except OSError as error:
        raise DamageError(f"{error.filename}: {error.strerror}; {MEND}") from None
    digest = text[:64].decode("ascii", "replace")
    if re.fullmatch("[0-9a-f]{64}", digest) is None or text != digest_line(order.file, digest):
        raise DamageError(f"{folder / DIGEST_FILE}: is not the digest of a strip; {MEND}")
    return size, digest


def digest_line(file: str, digest: str) -> bytes:
    """A line as `sha256sum` writes it."""
    return f"{digest}  {file}\n".encode("ascii")


def digest_of(file: Path) -> str:
    """The SHA-256 of a file of any size."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
