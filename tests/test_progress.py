"""The forecast of a build against builds that are made up, by a clock that is, too."""

from __future__ import annotations

import pytest

from memtiles.progress import Forecast, Load


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def course_of(
    loads: list[Load], speeds: dict[str, float], steps: int = 200, idle: float = 0.0
) -> list[tuple[float, float]]:
    """The share of the time that has passed, and what was forecast, after each step of a build.

    `speeds` are the seconds that a unit of each stage takes; before the first there is `idle`.
    """
    clock = Clock()
    forecast = Forecast(clock)
    notes: list[tuple[float, float]] = []
    with forecast.stage("plan"):
        clock.now += idle
    forecast.expect(loads)
    for load in loads:
        with forecast.stage(load.stage) as advance:
            done = 0
            for step in range(1, steps + 1):
                units = load.units * step // steps - done
                done += units
                clock.now += units * speeds[load.stage]
                advance(units)
                notes.append((clock.now, forecast.share()))
    whole = clock.now - 1000.0
    return [((now - 1000.0) / whole, share) for now, share in notes]


LOADS = [Load("memory", 1 << 30, 1.0), Load("tiles", 1 << 30, 10.0), Load("strips", 0, 10.0)]


def test_weights_that_are_right_forecast_the_whole_from_the_first_tenth_on() -> None:
    course = course_of(LOADS, {"memory": 1e-9, "tiles": 1e-8, "strips": 1.0})
    assert all(share == pytest.approx(passed, rel=0.01) for passed, share in course)


@pytest.mark.parametrize("factor", [0.5, 2.0, 4.0])
def test_weights_that_are_wrong_are_made_good_by_what_tiles_take(factor: float) -> None:
    """A slow disk, or processor: a fifth into the tiles, the rest is known within 20 %."""
    course = course_of(LOADS, {"memory": 1e-9, "tiles": 1e-8 * factor, "strips": 1.0})
    begin = 1 / (1 + 10 * factor)
    late = [(passed, share) for passed, share in course if passed > begin + 0.2 * (1 - begin)]
    assert late
    assert all(share == pytest.approx(passed, rel=0.2) for passed, share in late)


def test_it_never_goes_back_and_ends_whole() -> None:
    course = course_of(LOADS, {"memory": 5e-9, "tiles": 1e-8, "strips": 1.0}, idle=0.3)
    shares = [share for _, share in course]
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0)


def test_what_turns_out_to_be_more_work_lets_it_wait() -> None:
    """Zeros first and noise after: the bar stands still, and does not run backwards."""
    clock = Clock()
    forecast = Forecast(clock)
    forecast.expect([Load("memory", 100, 1.0), Load("tiles", 0, 10.0)])
    with forecast.stage("memory") as advance:
        clock.now += 5
        advance(50)
        assert forecast.share() == pytest.approx(0.5)
        forecast.expect([Load("memory", 100, 1.0), Load("tiles", 100, 10.0)])
        clock.now += 5
        advance(50)
        assert forecast.share() == pytest.approx(0.5)
    with forecast.stage("tiles") as advance:
        clock.now += 100
        advance(100)
        assert forecast.share() == pytest.approx(1.0)


def test_nothing_is_known_before_something_is_done() -> None:
    forecast = Forecast(Clock())
    assert forecast.share() == 0.0
    forecast.expect(LOADS)
    assert forecast.share() == 0.0


def test_a_stage_whose_work_is_there_already_takes_no_time() -> None:
    clock = Clock()
    forecast = Forecast(clock)
    forecast.expect([Load("memory", 100, 1.0), Load("tiles", 0, 10.0)])
    with forecast.stage("memory") as advance:
        clock.now += 1
        advance(100)
    assert forecast.share() == pytest.approx(1.0)
