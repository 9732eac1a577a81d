"""Calls of a user's code, which may never come back: each is waited for only so long."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from concurrent.futures import Future, wait
from threading import Thread
from typing import TypeVar

Result = TypeVar("Result")

LONGEST_LOAD = 20.0
"""Seconds for code to be loaded, which may import whatever is installed."""


class HungError(Exception):
    """A call did not come back in time."""


def within(seconds: float, call: Callable[[], Result]) -> Result:
    """What a call gives or raises, unless that takes too long.

    It runs on a thread of its own, which is left behind if it hangs: a thread cannot be killed. It
    is asked to end, though. `while True: pass` would take turns with the rest of the build at
    Python's lock, five milliseconds each, and a build of a minute would take hours. Code that
    catches even SystemExit, and goes on, does so.

    Args:
        seconds: The longest wait.
        call: What to call.

    Raises:
        HungError: It did not come back.
    """
    answer: Future[Result] = Future()

    def work() -> None:
        try:
            found = call()
        except BaseException as error:
            answer.set_exception(error)
        else:
            answer.set_result(found)

    thread = Thread(target=work, daemon=True)
    try:
        thread.start()
    except RuntimeError:  # the system has no room for a thread
        return call()
    # A second time, for a process that is stopped by Ctrl-Z finds its time up when it goes on.
    if not (wait([answer], seconds).done or wait([answer], seconds / 5).done):
        _ask_to_end(thread)
        raise HungError(f"does not come to an end within {seconds:g} seconds")
    return answer.result()


def _ask_to_end(thread: Thread) -> None:
    """Has SystemExit raised in a thread as soon as it runs Python again."""
    raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
    if thread.ident is not None and thread.is_alive():  # else another thread may have its number
        raise_in(ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit))
