"""Pools of threads, where the system has no room for all of them."""

from __future__ import annotations

import threading

import pytest

from memtiles.errors import LimitError
from memtiles.threads import in_order, workers


def test_too_many_threads_are_refused_and_the_others_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that had begun waited for the rest for ever."""
    begin = threading.Thread.start
    begun: list[threading.Thread] = []

    def start(thread: threading.Thread) -> None:
        if len(begun) == 3:
            raise RuntimeError("can't start new thread")
        begun.append(thread)
        begin(thread)

    monkeypatch.setattr(threading.Thread, "start", start)
    with (
        pytest.raises(LimitError, match="8 threads: can't start new thread; use fewer"),
        workers(8),
    ):
        pytest.fail("the pool is not whole")
    assert begun
    assert not any(thread.is_alive() for thread in begun)


@pytest.mark.parametrize("threads", [1, 2, 8])
def test_results_come_in_order(threads: int) -> None:
    assert list(in_order(lambda number: number * number, range(100), threads)) == [
        number * number for number in range(100)
    ]
