"""A window of a picture, shrunk for a terminal."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from memtiles.crop import Crop
from memtiles.pictures.layout import Geometry
from memtiles.tiles.plane import Plane

# A picture of the widest rows is so wide that a window of its shape would be a GiB.
_MOST_BYTES = 16 << 20


class Thumbnail(NamedTuple):
    """Colours (rows, columns, 3), and which of them are of bytes that are there."""

    colours: npt.NDArray[np.uint8]
    present: npt.NDArray[np.bool_]


def window(shape: Geometry, place: int, columns: int, rows: int) -> Crop:
    """Rows of a picture from about byte `place` on, whose shape is that of columns to rows.

    Fewer rows where the picture has no more, or where that were more than a few MiB.
    """
    wanted = max(1, round(rows * max(1.0, shape.width / columns)))
    height = max(1, min(wanted, shape.height, _MOST_BYTES // shape.row_bytes))
    top = min(place // shape.row_bytes, shape.height - height)
    return Crop(shape.width, height, 0, top)


def thumbnail(plane: Plane, crop: Crop, columns: int) -> Thumbnail:
    """The window, as high as it is, to its width of at most so many columns.

    A pixel is the mean of those that it stands for, as far as they are there.
    """
    pixels = plane.area(crop.x, crop.y, crop.width, crop.height)
    alpha = pixels[:, :, -1:] if plane.bands % 2 == 0 else np.full_like(pixels[:, :, :1], 255)
    colours = pixels[:, :, : plane.bands - (plane.bands % 2 == 0)]
    image = Image.fromarray(
        np.concatenate([np.broadcast_to(colours, (*colours.shape[:2], 3)), alpha], axis=2), "RGBA"
    )
    scale = max(1.0, crop.width / columns)
    size = (max(1, round(crop.width / scale)), max(1, round(crop.height / scale)))
    # Pillow weighs colours by their alpha, so that what is missing darkens nothing.
    shrunk = np.asarray(image.resize(size, Image.Resampling.BOX))
    return Thumbnail(shrunk[:, :, :3], shrunk[:, :, 3] >= 128)
