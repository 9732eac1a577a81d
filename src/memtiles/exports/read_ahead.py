"""A file read by one thread while another one writes: copying takes as long as the slower half."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from queue import SimpleQueue
from threading import Thread
from typing import NamedTuple

from memtiles.errors import DumpError

# Together they stay in the processors' caches between reading and writing.
BLOCK = 1 << 18
_BUFFERS = 8


class Piece(NamedTuple):
    """`size` bytes of a file from `start` on: at most `BLOCK`, or a hole of any size."""

    start: int
    size: int
    is_hole: bool


def read_ahead(
    file: io.FileIO, name: str, pieces: Iterable[Piece]
) -> Iterator[tuple[Piece, memoryview | None]]:
    """The pieces in their order, with their bytes, None for a hole.

    The bytes are good until the next piece is asked for.

    Raises:
        DumpError: The file ends before a piece does, or cannot be read.
    """
    free: SimpleQueue[memoryview | None] = SimpleQueue()
    full: SimpleQueue[tuple[Piece, memoryview | None] | BaseException | None] = SimpleQueue()
    for _ in range(_BUFFERS):
        free.put(memoryview(bytearray(BLOCK)))

    def read_all() -> None:
        try:
            for piece in pieces:
                if piece.is_hole:
                    full.put((piece, None))
                    continue
                buffer = free.get()
                if buffer is None:
                    return
                _fill(file, name, piece, buffer)
                full.put((piece, buffer))
            full.put(None)
        except BaseException as error:  # whatever it is, it belongs to the thread that waits
            full.put(error)

    thread = Thread(target=read_all, daemon=True)
    thread.start()
    try:
        while (found := full.get()) is not None:
            if isinstance(found, BaseException):
                raise found
            piece, buffer = found
            yield piece, None if buffer is None else buffer[: piece.size]
            if buffer is not None:
                free.put(buffer)
    finally:
        free.put(None)
        thread.join()


def _fill(file: io.FileIO, name: str, piece: Piece, buffer: memoryview) -> None:
    done = 0
    try:
        file.seek(piece.start)
        while done < piece.size:
            got = file.readinto(buffer[done : piece.size])
            if not got:
                raise DumpError(
                    f"{name}: ends at byte {piece.start + done}: it was cut while it was read"
                )
            done += got
    except OSError as problem:
        at = piece.start + done
        raise DumpError(f"{name}: cannot be read at byte {at}: {problem.strerror}") from None
