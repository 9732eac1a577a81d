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
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

from memtiles.errors import LimitError

Item = TypeVar("Item")
Result = TypeVar("Result")


@contextmanager
def workers(count: int) -> Iterator[ThreadPoolExecutor]:
    """A pool whose threads are all there; at the end what has begun is waited for, no more.

    Raises:
        KeyboardInterrupt: One came while the threads were started; they are gone again.
        LimitError: The system has no room for so many.
    """
    pool = ThreadPoolExecutor(count)
    try:
        with interrupts_put_off():
            _start(pool, count)
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _start(pool: ThreadPoolExecutor, count: int) -> None:
    """Has each thread begin with a task that ends when all have begun."""
    started = threading.Barrier(count + 1)
    try:
        for _ in range(count):
            pool.submit(started.wait)
        started.wait()
    except RuntimeError as error:
        raise LimitError(f"{count} threads: {error}; use fewer with --jobs") from None
    finally:
        # Those that have begun would wait for the others for ever. Nobody waits any more where all
        # is well.
        started.abort()


def in_order(
    work: Callable[[Item], Result], items: Iterable[Item], threads: int
) -> Generator[Result, None, None]:
    """What `work` makes of each item, side by side; an error is that of the first that has one.

    Close it, and no thread is at work any more.
    """
    if threads == 1:
        yield from map(work, items)
        return
    waiting: deque[Future[Result]] = deque()
    with workers(threads) as pool:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > 2 * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


@contextmanager
def interrupts_put_off() -> Iterator[None]:
    """Raises an interrupt only at the end of the block, once, however many came.

    Raises:
        KeyboardInterrupt: One came.
    """
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
