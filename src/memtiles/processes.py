"""Processes beside this one, for work that threads would do one after the other.

Threads that make many small arrays wait for Python's lock most of the time: two of them draw tiles
that are nearly empty no faster than one does. A forked process has a lock of its own, knows all
that this one knew at that moment, and is there in milliseconds. It sends back what it made, and
lives no longer than this one, whatever that dies of.
"""

from __future__ import annotations

import atexit
import os
import pickle
import signal
import sys
import time
import traceback
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import current_process, get_context
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from memtiles.errors import LimitError, MemtilesError
from memtiles.threads import interrupts_put_off

if TYPE_CHECKING:
    # Not there on Windows, where this module is imported, too.
    from multiprocessing.context import ForkProcess

Item = TypeVar("Item")
Result = TypeVar("Result")

# Items that wait for each process, so that it never waits for this one.
_WAITING = 2

# Results a process that wait for an earlier one.
_AHEAD = 8

_PATIENCE = 0.05
_LARGEST = 128 << 20
_PR_SET_PDEATHSIG = 1  # prctl(2)


def can_fork() -> bool:
    """Whether this process may be forked: on Linux, and while it has a single thread.

    Of several, the new process has only the one that forked; what the others had locked stays
    locked there for ever. (That is why Python warns of it, and macOS starts processes anew.)
    A worker of somebody's `multiprocessing.Pool` may have no processes of its own, and a program
    that ignores SIGCHLD, as some shells and containers start theirs, is never told how one ended:
    Python would keep it, and at the end send SIGTERM to whoever has its number by then.

    Nor is a process forked that is large, as with 65,536 regions: the memory of its objects is
    shared only until one of both counts a reference to them, and would be there several times.
    """
    if sys.platform != "linux" or current_process().daemon:
        return False
    if signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN:
        return False
    # A thread that was waited for can still be there for a moment.
    until = time.monotonic() + _PATIENCE
    try:
        while len(os.listdir("/proc/self/task")) > 1:  # noqa: PTH208
            if time.monotonic() > until:
                return False
            time.sleep(0.001)
        _give_back_freed_memory()
        return _resident() <= _LARGEST
    except OSError:
        return False


def _give_back_freed_memory() -> None:
    """What malloc keeps for later would count for each process that is forked."""
    import ctypes

    with suppress(OSError, AttributeError):  # no glibc
        ctypes.CDLL(None).malloc_trim(0)


def _resident() -> int:
    """Bytes of this process that are in memory."""
    with Path("/proc/self/statm").open() as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class _Failure:
    """What a piece of work raised."""

    error: Exception
    trace: str


def in_order(
    work: Callable[[Item], Result], items: Iterable[Item], count: int
) -> Generator[Result, None, None]:
    """What `work` makes of each item, in so many processes; an error is that of the first with one.

    Close it, and the processes are gone. `threads.in_order` does the same with threads.

    Args:
        work: Is not sent to the processes, for they have it; what it writes to the memory of this
            process stays in them.
        items: Are sent, by `pickle`. Small ones: a process that sends a large result does not read,
            and this one would wait for it with what does not fit a pipe.
        count: Of processes.

    Raises:
        LimitError: The system has no room for so many.
        MemtilesError: A process was killed; or an error, or a result, cannot be pickled.
    """
    with _children(work, count) as children:
        numbered = enumerate(items)
        idle = [child for _ in range(_WAITING) for child in children]
        found: dict[int, Result | _Failure] = {}
        given = taken = 0
        while True:
            while idle and given - taken < _AHEAD * count:
                pair = next(numbered, None)
                if pair is None:
                    break
                idle.pop().give(pair)
                given += 1
            if given == taken:
                return
            while taken not in found:
                for child in _ready(children):
                    number, result = child.take()
                    found[number] = result
                    idle.append(child)
            result = found.pop(taken)
            taken += 1
            if isinstance(result, _Failure):
                result.error.add_note(result.trace)
                raise result.error
            yield result


@dataclass(frozen=True)
class _Child(Generic[Item, Result]):
    """A process, and this end of the pipe to it."""

    process: ForkProcess
    pipe: Connection

    def give(self, numbered: tuple[int, Item]) -> None:
        try:
            self.pipe.send(numbered)
        except OSError:
            raise self._killed() from None

    def take(self) -> tuple[int, Result | _Failure]:
        try:
            found: tuple[int, Result | _Failure] = self.pipe.recv()
        except (EOFError, OSError):
            raise self._killed() from None
        return found

    def _killed(self) -> MemtilesError:
        self.process.join()
        code = self.process.exitcode or 0
        reason = f"by signal {-code}" if code < 0 else f"with {code}"
        hint = "; where memory is short, use fewer with --jobs" if code == -signal.SIGKILL else ""
        return MemtilesError(f"a process of this build ended {reason}{hint}")


def _ready(children: Sequence[_Child[Item, Result]]) -> Iterator[_Child[Item, Result]]:
    """Those that have a result, or are dead; at least one."""
    by_pipe = {child.pipe: child for child in children}
    return (by_pipe[pipe] for pipe in wait([*by_pipe]) if isinstance(pipe, Connection))


@contextmanager
def _children(
    work: Callable[[Item], Result], count: int
) -> Iterator[Sequence[_Child[Item, Result]]]:
    children: list[_Child[Item, Result]] = []

    def end() -> None:
        for child in children:
            child.process.kill()
        for child in children:
            child.process.join()
            child.pipe.close()

    # Of a generator that nobody closes, or an interrupt right before interrupts are put off. Python
    # ends processes by SIGTERM and waits for them, but later: what is registered last comes first.
    atexit.register(end)
    try:
        with interrupts_put_off():
            try:
                for _ in range(count):
                    children.append(_fork(work, [child.pipe for child in children]))
            except OSError as error:
                raise LimitError(
                    f"{count} processes: {error.strerror}; use fewer with --jobs"
                ) from None
        yield children
    finally:
        # All that they made was sent, and what they are at is not wanted any more.
        with interrupts_put_off():
            end()
            atexit.unregister(end)


def _fork(work: Callable[[Item], Result], others: Sequence[Connection]) -> _Child[Item, Result]:
    context = get_context("fork")
    ours, theirs = context.Pipe()
    # A pipe ends when nobody has the other end of it any more: not even a process forked later.
    arguments = (work, theirs, [ours, *others], os.getpid())
    process = context.Process(target=_work, args=arguments, daemon=True)
    process.start()
    theirs.close()
    return _Child(process, ours)


def _work(
    work: Callable[[Any], Any], pipe: Connection, others: Sequence[Connection], parent: int
) -> None:
    """What a forked process does."""
    # Ctrl-C reaches all processes of a terminal: the first one says what becomes of the others.
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    _die_with(parent)
    for one in others:
        one.close()
    while True:
        try:
            number, item = pipe.recv()
        except (EOFError, OSError):
            return
        result: object
        try:
            result = work(item)
        except Exception as error:
            result = _Failure(error, traceback.format_exc())
        # What a user's lens has printed would be lost at the end, which is SIGKILL.
        with suppress(AttributeError, OSError, ValueError):  # there is no stdout, or no reader
            sys.stdout.flush()
        try:
            pipe.send_bytes(_pickled(number, result))
        except OSError:  # nobody wants it any more
            return


def _pickled(number: int, result: object) -> bytes:
    """What is sent back; of what cannot be sent, what it was.

    An error of two arguments can be pickled, but not be made again: `class Bad(Exception)` with
    `def __init__(self, one, two)`. One that is defined in a function cannot even be pickled.
    """
    try:
        content = pickle.dumps((number, result))
        if isinstance(result, _Failure):
            pickle.loads(content)
    except Exception as error:
        trace = result.trace if isinstance(result, _Failure) else traceback.format_exc()
        told = result.error if isinstance(result, _Failure) else error
        failure = _Failure(MemtilesError(f"{type(told).__name__}: {told}"), trace)
        return pickle.dumps((number, failure))
    return content


def _die_with(parent: int) -> None:
    """Has the system kill this process when its parent ends, even by SIGKILL.

    Else it would go on until it has something to send: it would write into the folder of a build
    that is dead, and keep that locked.
    """
    import ctypes

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)
