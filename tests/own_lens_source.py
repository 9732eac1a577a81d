"""The source of a user's lens, for tests to save, and to get something wrong in."""

from __future__ import annotations

VALUES = "return np.maximum(data, 1)"


def own_lens_source(name: str = "mine", block: int = 1, values: str = VALUES) -> str:
    """A lens that shows each byte as its own value.

    Args:
        name: Its name.
        block: Bytes of a block.
        values: What its method does.
    """
    return f"""
import time
import numpy as np
from memtiles.pictures.lens import Swatch
from memtiles.pictures.zoom import Mean

class Lens:
    name = {name!r}
    summary = "All."
    zoom = Mean()
    legend = (Swatch("#ffffff", "all"),)
    block = {block}
    palette = np.arange(768, dtype=np.uint8).reshape(256, 3)

    def values(self, data, present):
        {values}

LENS = Lens()
"""
