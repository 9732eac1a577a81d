"""Settings of the whole process, which a program may make and a library may not."""

from __future__ import annotations

import gc
import os

# malloc.h of glibc.
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_LARGEST = 32 << 20  # what glibc takes on 64 bits


def start_quickly() -> None:
    """Leaves out what libraries do when they are imported and no command needs.

    numpy's library for matrices starts a thread for each processor, which takes as long as all else
    of numpy. pydantic looks through all installed packages for plugins. The garbage collector goes
    over all classes and functions again and again while there is no garbage.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")
    gc.set_threshold(50_000)


def end_quickly() -> None:
    """Spares the collector its last search for garbage, which the end of the process clears away.

    Python makes it over every class and function that is loaded, which takes 35 ms after a build.
    """
    gc.freeze()


def keep_freed_memory() -> None:
    """Has malloc keep what is freed for the next of its size, instead of giving it back.

    A tile needs a dozen arrays of a quarter of a MiB. glibc gives such pieces back to the system,
    which fills them with zeros when they are asked for again: a third of the time of a halving.
    """
    import ctypes

    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, TypeError, AttributeError):
        return  # no glibc
    mallopt(_M_MMAP_THRESHOLD, _LARGEST)
    mallopt(_M_TRIM_THRESHOLD, 2 * _LARGEST)
