"""Forked processes: results in order, errors as they were, and nobody left behind.

Each test runs in a Python of its own, for that of the tests has threads.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="not run: only Linux forks here")

BEGIN = """
import os, signal, sys, time
from memtiles.errors import DamageError, LimitError, MemtilesError
from memtiles.processes import can_fork, in_order
"""


# Only the first two pieces of work come to an end.
TWO_QUICK = """
def work(number):
    time.sleep(0 if number < 2 else 1000)
    return os.getpid()
results = in_order(work, range(100), 2)
"""


def run(program: str) -> str:
    """What a program prints; it has to end well, and silently."""
    command = [sys.executable, "-c", BEGIN + program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def start(program: str) -> subprocess.Popen[str]:
    """A program in a session of its own, as from a terminal."""
    command = [sys.executable, "-c", BEGIN + program]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def is_gone(process: int) -> bool:
    """Whether a process has ended, or does so within ten seconds."""
    for _ in range(1000):
        status = Path(f"/proc/{process}/stat")
        try:
            if status.read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize("count", [1, 2, 5])
def test_results_come_in_order_from_other_processes(count: int) -> None:
    """Also where some take longer than many others."""
    found = run(
        f"""
def work(number):
    time.sleep(0.2 if number == 3 else 0)
    return number * number, os.getpid()
found = list(in_order(work, range(100), {count}))
assert [square for square, _ in found] == [number * number for number in range(100)]
processes = {{process for _, process in found}}
print(len(processes), os.getpid() in processes)
"""
    )
    assert found.split() == [str(count), "False"]


def test_what_is_printed_is_not_lost() -> None:
    found = run("list(in_order(lambda item: print(f'{item}.', end=''), range(4), 2))")
    assert sorted(found.split(".")) == ["", "0", "1", "2", "3"]


def test_no_items_give_no_results() -> None:
    assert run("print(list(in_order(abs, [], 2)))") == "[]\n"


def test_items_are_asked_for_only_a_little_ahead() -> None:
    """As they may be many, and results large."""
    found = run(
        """
asked = []
def items():
    for number in range(1000):
        asked.append(number)
        yield number
results = in_order(abs, items(), 2)
next(results)
print(len(asked))
results.close()
"""
    )
    assert int(found) <= 17


def test_an_error_is_that_of_the_first_item_and_says_where() -> None:
    found = run(
        """
def work(number):
    if number == 7:
        time.sleep(0.2)
    if number >= 7:
        raise DamageError(f"{number} is damaged")
    return number
found = []
try:
    for number in in_order(work, range(100), 3):
        found.append(number)
except DamageError as error:
    print(found, error, error.exit_code, "in work" in error.__notes__[0])
"""
    )
    assert found == "[0, 1, 2, 3, 4, 5, 6] 7 is damaged 7 True\n"


def test_errors_of_the_system_keep_their_number() -> None:
    """A full disk is told by it."""
    found = run(
        """
def work(number):
    raise OSError(28, "No space left on device", "tile.png")
try:
    list(in_order(work, range(3), 2))
except OSError as error:
    print(error.errno, error.filename)
"""
    )
    assert found == "28 tile.png\n"


def test_a_process_that_is_killed_is_told() -> None:
    """By the system, where memory is short."""
    found = run(
        """
def work(number):
    if number == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return number
try:
    list(in_order(work, range(100), 2))
except MemtilesError as error:
    print(error.exit_code, error)
"""
    )
    assert found == (
        "1 a process of this build ended by signal 9; "
        "where memory is short, use fewer with --jobs\n"
    )


def test_a_process_that_ends_itself_is_told() -> None:
    """As a library does that is called by a lens; that has nothing to do with memory."""
    found = run(
        """
try:
    list(in_order(lambda number: os._exit(3), range(3), 2))
except MemtilesError as error:
    print(error)
"""
    )
    assert found == "a process of this build ended with 3\n"


def test_no_process_is_left_when_nobody_wants_more() -> None:
    run(
        f"""{TWO_QUICK}
process = next(results)
results.close()
try:
    os.kill(process, 0)
except ProcessLookupError:
    sys.exit(0)
sys.exit("it is still there")
"""
    )


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_an_interrupt_of_all_is_one_of_the_first(name: str) -> None:
    """Ctrl-C in a terminal reaches every process; only one says so."""
    program = """
for name in ("SIGTERM", "SIGHUP"):
    signal.signal(getattr(signal, name), signal.default_int_handler)
def work(number):
    if number >= 2:
        time.sleep(1000)
    return os.getpid()
try:
    for process in in_order(work, range(4), 2):
        print(process, flush=True)
except KeyboardInterrupt:
    sys.exit(130)
"""
    with start(program) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        forked = [int(process.stdout.readline()) for _ in range(2)]
        os.killpg(process.pid, getattr(signal, name))
        assert process.wait(60) == 130
        assert process.stderr.read() == ""
    assert all(map(is_gone, forked))


def test_no_process_outlives_the_first() -> None:
    """SIGKILL leaves it no time to end the others."""
    program = """
def work(number):
    if number >= 2:
        time.sleep(1000)
    return os.getpid()
for process in in_order(work, range(4), 2):
    print(process, flush=True)
"""
    with start(program) as process:
        assert process.stdout is not None
        forked = [int(process.stdout.readline()) for _ in range(2)]
        process.kill()
    assert all(map(is_gone, forked))


def test_a_program_that_ignores_the_end_of_its_processes_is_not_forked() -> None:
    """As some shells and containers start theirs; Python then never learns that one has ended."""
    found = run(
        """
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
print(can_fork())
signal.signal(signal.SIGCHLD, signal.SIG_DFL)
print(can_fork())
"""
    )
    assert found.split() == ["False", "True"]


def test_results_that_nobody_closes_do_not_keep_the_program() -> None:
    """Python ends processes by SIGTERM when it ends itself, which they ignore."""
    found = run(
        f"""{TWO_QUICK}
print(next(results))
"""
    )
    assert is_gone(int(found))


def test_processes_end_with_a_program_whose_interrupt_came_too_early() -> None:
    """Ctrl-C right at the end, before it is put off: they go on, but not for longer than it."""
    found = run(
        f"""{TWO_QUICK}
import contextlib
from memtiles import processes
print(next(results))
@contextlib.contextmanager
def interrupted():
    raise KeyboardInterrupt
    yield
processes.interrupts_put_off = interrupted
try:
    results.close()
except KeyboardInterrupt:
    print("interrupted")
"""
    )
    process, told = found.split()
    assert told == "interrupted"
    assert is_gone(int(process))


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        ("Two('a lens', 'a place')", "Two: a lens at a place"),
        ("Local('a lens')", "Local: a lens"),
    ],
)
def test_an_error_that_cannot_be_sent_is_told(raised: str, told: str) -> None:
    """One that takes two arguments can be pickled, but not made again; others not even pickled."""
    found = run(
        f"""
class Two(Exception):
    def __init__(self, what, where):
        super().__init__(what + " at " + where)
def work(number):
    class Local(Exception):
        pass
    raise {raised}
try:
    list(in_order(work, range(3), 2))
except MemtilesError as error:
    print(error)
    print("in work" in error.__notes__[0])
"""
    )
    assert found == f"{told}\nTrue\n"


def test_a_result_that_cannot_be_sent_is_told() -> None:
    found = run(
        """
try:
    list(in_order(lambda number: lambda: number, range(3), 2))
except MemtilesError as error:
    print("pickle" in str(error))
"""
    )
    assert found == "True\n"


def test_without_stdout() -> None:
    """Closed, as by a daemon."""
    run("os.close(1); sys.stdout = None; assert list(in_order(abs, [-1], 2)) == [1]")


def test_too_many_processes_are_refused_and_the_others_end() -> None:
    found = run(
        """
import errno
fork, forked = os.fork, []
def refuse():
    if len(forked) == 2:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    forked.append(fork())
    return forked[-1]
os.fork = refuse
try:
    list(in_order(abs, range(100), 8))
except LimitError as error:
    print(error)
for process in forked:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        print("gone")
"""
    )
    assert found == (
        "8 processes: Resource temporarily unavailable; use fewer with --jobs\ngone\ngone\n"
    )


def test_a_process_with_threads_is_not_forked() -> None:
    """Nor a worker of a pool, which may have no processes of its own."""
    found = run(
        """
import multiprocessing, threading
print(can_fork())
with multiprocessing.get_context("fork").Pool(1) as pool:
    print(pool.apply(can_fork))
ended = threading.Event()
thread = threading.Thread(target=ended.wait)
thread.start()
print(can_fork())
ended.set()
thread.join()
print(can_fork())
"""
    )
    assert found.split() == ["True", "False", "False", "True"]


def test_what_was_freed_is_no_part_of_a_large_process() -> None:
    """malloc keeps it for later: 160 MiB in blocks that are too small to be given back at once."""
    found = run(
        """
blocks = [bytearray(60_000) for _ in range(2_800)]
last = bytearray(60_000)
print(can_fork())
del blocks
print(can_fork())
"""
    )
    assert found.split() == ["False", "True"]


def test_a_large_process_is_not_forked() -> None:
    """What it has in memory might be there once for each process in the end."""
    found = run(
        """
print(can_fork())
large = b"x" * (200 << 20)
print(can_fork())
del large
print(can_fork())
"""
    )
    assert found.split() == ["True", "False", "True"]
