"""What the tests share: the project's recordings, and a plugin session of their own.

They run against the installed package: a wheel in a fresh environment, as `.ci/run` makes one.
"""

from __future__ import annotations

from pathlib import Path

import pytest

TESTDATA = Path(__file__).parents[2] / "testdata"


@pytest.fixture
def steady_leak() -> Path:
    """A recording with one leak."""
    return TESTDATA / "steady-leak" / "input.svdat"


@pytest.fixture
def bounded_cache() -> Path:
    """A recording without a leak."""
    return TESTDATA / "bounded-cache" / "input.svdat"
