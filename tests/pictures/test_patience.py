"""Calls of foreign code that do not come back."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time

import pytest

from memtiles.pictures.patience import HungError, within


def test_what_a_call_gives_and_raises() -> None:
    assert within(60, lambda: 7) == 7
    for error in (ValueError, SystemExit, TimeoutError):
        with pytest.raises(error, match="mine"):
            within(60, lambda error=error: raising(error("mine")))


def raising(error: BaseException) -> None:
    raise error


def test_a_call_that_waits_for_ever_is_left_behind() -> None:
    never = threading.Event()
    with pytest.raises(HungError):
        within(0.05, never.wait)
    never.set()


def test_a_call_that_runs_for_ever_is_ended() -> None:
    """Left running it would take turns with all other threads at Python's lock."""
    running: list[threading.Thread] = []

    def spin() -> None:
        running.append(threading.current_thread())
        while True:
            pass

    with pytest.raises(HungError):
        within(0.05, spin)
    running[0].join(60)
    assert not running[0].is_alive()


def test_without_room_for_a_thread_it_is_called_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    assert within(60, threading.current_thread) is threading.current_thread()


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="not run: needs POSIX signals")
def test_an_interrupt_is_not_held_up() -> None:
    """Ctrl-C while a lens hangs ends the build, as everywhere."""
    never = threading.Event()
    here = threading.main_thread().ident
    threading.Timer(0.1, lambda: signal.pthread_kill(here, signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        within(60, never.wait)
    never.set()


CALLS = """
import time
from memtiles.pictures.patience import within
for _ in range(30):
    print(within(1, lambda: time.sleep(0.1)), flush=True)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="not run: needs POSIX signals")
def test_the_time_that_a_process_is_stopped_does_not_count() -> None:
    """Ctrl-Z and `fg` while a lens is drawn."""
    with subprocess.Popen([sys.executable, "-c", CALLS], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGSTOP)
        time.sleep(1.5)
        process.send_signal(signal.SIGCONT)
        assert process.stdout.read().split() == [b"None"] * 29
    assert process.returncode == 0
