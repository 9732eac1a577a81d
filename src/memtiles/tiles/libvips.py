"""libvips: what all of `tiles` needs of it. Only this folder imports pyvips."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import wait
from typing import TYPE_CHECKING

from memtiles.errors import DiskFullError, MemtilesError
from memtiles.threads import workers
from memtiles.tiles.plane import Plane
from memtiles.tiles.tiff import PlaneTiff

if TYPE_CHECKING:
    from pyvips import Image

# VIPS_MAX_COORD of libvips 8.16 and later: the most pixels of a side.
SIDE_LIMIT = 100_000_000

_FULL = ("No space left", "quota", "File too large")


def save(
    plane: Plane,
    save_image: Callable[[Image], None],
    what: str,
    jobs: int,
    advance: Callable[[int], object] = lambda _: None,
) -> None:
    """Gives a plane to libvips, which asks for it from top to bottom while it saves it.

    Args:
        plane: What to draw.
        save_image: Calls one of libvips's savers.
        what: What is written, for messages: "tiles".
        jobs: Threads.
        advance: Told the number of pixels as they are taken from the plane.

    Raises:
        DiskFullError: No space is left.
        MemtilesError: libvips failed.
    """
    tiff = PlaneTiff(plane, advance)
    with workers(1) as executor:
        try:
            saving = executor.submit(_open_and_save, tiff, save_image, what, jobs)
            # In steps, because an interrupt is only noticed between two of them.
            while not wait([saving], timeout=0.2).done:
                pass
        except KeyboardInterrupt as interrupt:
            tiff.error = interrupt
            raise
    failed = saving.result()
    if tiff.error is not None:
        raise tiff.error
    if failed is not None:
        raise failed


def _open_and_save(
    tiff: PlaneTiff, save_image: Callable[[Image], None], what: str, jobs: int
) -> MemtilesError | None:
    """Gives the error instead of raising it: a traceback would keep libvips's file open."""
    import pyvips

    pyvips.vips_lib.vips_concurrency_set(jobs)
    pyvips.cache_set_max(0)
    image: Image | None = None

    def read(size: int) -> bytes:
        data = tiff.read(size)
        if tiff.error is not None and image is not None:
            image.set_kill(True)  # else libvips takes zeros for the rest and goes on to its end
        return data

    source = pyvips.SourceCustom()
    source.on_read(read)
    source.on_seek(tiff.seek)
    try:
        image = pyvips.Image.tiffload_source(source, access="sequential")
        # libvips takes the last of two bands for alpha only in an image that is black and white.
        save_image(image.copy(interpretation="b-w" if tiff.bands < 3 else "srgb"))
    except pyvips.Error as error:
        return _explain(error, what)
    return None


def _explain(error: Exception, what: str) -> MemtilesError:
    text = " ".join(str(error).split())
    if any(word in text for word in _FULL):
        return DiskFullError(f"no space left while {what} were written")
    return MemtilesError(f"libvips could not write {what}: {text}")


def describe_libvips() -> str:
    """`libvips 8.18.7, pyvips 3.2.0`; or that and why libvips cannot be loaded."""
    try:
        import pyvips
    except (ImportError, OSError) as error:
        return f"libvips cannot be loaded: {' '.join(str(error).split())}"
    libvips = ".".join(str(pyvips.version(part)) for part in range(3))
    return f"libvips {libvips}, pyvips {pyvips.__version__}"
