"""How far the tests look that damage things at random.

`make fuzz` sets MEMTILES_FUZZ, the number of examples of each such test, and runs them all.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

_ASKED = os.environ.get("MEMTILES_FUZZ")

Test = Callable[..., Any]


def fuzz(usual: int) -> Callable[[Test], Test]:
    """Marks a test as one of `make fuzz`, with so many examples where nobody asks for more.

    Not the same examples each time where more are asked for: another run looks elsewhere.
    """
    chosen = settings(
        max_examples=int(_ASKED) if _ASKED else usual,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )

    def mark(test: Test) -> Test:
        return pytest.mark.fuzz(chosen(test))

    return mark
