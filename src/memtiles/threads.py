"""Pools of threads that an interrupt can neither lose nor hang.

Python raises KeyboardInterrupt between any two steps of the main thread. While a thread is started,
one of them is the taking of a lock that the new thread waits for: an interrupt right behind it
leaves the lock taken, the thread waiting for ever, and the end of the program waiting for the
thread. (Seen in one of some thousand interrupted exports.) Others leave a thread behind that goes
on writing where all is cleared away already.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import FrameType


@contextmanager
def workers(count: int) -> Iterator[ThreadPoolExecutor]:
    """A pool whose threads are all there; at the end what has begun is waited for, no more.

    Raises:
        KeyboardInterrupt: One came while the threads were started; they are gone again.
    """
    pool = ThreadPoolExecutor(count)
    try:
        with _interrupts_put_off():
            started = threading.Barrier(count + 1)
            for _ in range(count):
                pool.submit(started.wait)
            started.wait()
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _interrupts_put_off() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # no interrupt is raised here
        return
    caught: list[int] = []

    def note(number: int, _: FrameType | None) -> None:
        caught.append(number)

    names = ("SIGINT", "SIGTERM", "SIGHUP")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    ours = [one for one in numbers if signal.getsignal(one) is signal.default_int_handler]
    for number in ours:
        signal.signal(number, note)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.default_int_handler)
    if caught:
        raise KeyboardInterrupt
