"""Errors of the system while output is written, in our words."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from memtiles.errors import DiskFullError, MemtilesError, UsageError

_FULL = (errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC))


@contextmanager
def disk_errors() -> Iterator[None]:
    """Turns the system's errors while writing into ours.

    Raises:
        DiskFullError: No space, no quota.
        UsageError: The place cannot be written.
        MemtilesError: Anything else that the system says: a failing disk, a folder that is gone.
    """
    try:
        yield
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        if error.errno in _FULL:
            raise DiskFullError(
                f"{where}no space left; free some or choose another output"
            ) from None
        if error.errno in (
            errno.EACCES,
            errno.EPERM,
            errno.EROFS,
            errno.ENOTDIR,
            errno.ENAMETOOLONG,
        ):
            raise UsageError(f"{where}{error.strerror}; choose another output") from None
        raise MemtilesError(f"{where}{error.strerror or error}; nothing was published") from None
