"""What pytest loads: options, the marker and the fixture ``leakscope``, and when a test is judged.

A test with the marker is judged at the end of its body, as a part of it: so that a leak is a failed test, and
not an error of its tear-down, and ``xfail``, ``--pdb`` and JUnit's XML are right without being told.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from leakscope.command import executable
from leakscope.errors import LeakscopeError
from pytest_leakscope.expected import options
from pytest_leakscope.heap import Heap, Settings, fail, heap_of

if TYPE_CHECKING:
    from collections.abc import Iterator

MARKER = "leakscope"
HEAP = pytest.StashKey[Heap]()
SETTINGS = pytest.StashKey["Settings | None"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options, in a group of their own."""
    group = parser.getgroup("leakscope", "heap leaks of firmware")
    group.addoption("--leakscope", metavar="PATH", help="the command (default: the one of this package)")
    group.addoption("--no-leakscope", action="store_true", help="record nothing, and judge nothing")
    group.addoption(
        "--leakscope-serial",
        metavar="PORT@BAUD",
        help="the serial line of the trace, which is not the console's",
    )
    group.addoption(
        "--leakscope-baseline",
        metavar="FOLDER",
        help="leaks that are known: a file a test, made by --leakscope-update-baseline",
    )
    group.addoption(
        "--leakscope-update-baseline",
        action="store_true",
        help="note the leaks that there are in the folder of --leakscope-baseline",
    )
    group.addoption(
        "--leakscope-inconclusive",
        choices=["fail", "skip"],
        default="fail",
        help="what a test is whose recording proves nothing (default: fail)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Names the marker, and finds the command, so that a wrong option is said before any test runs."""
    config.addinivalue_line(
        "markers",
        f"{MARKER}(**expected): the firmware must not leak in this test. Keywords are options of "
        "`leakscope check`: cycle='scan done', max_growth='0B/cycle', min_cycles=5, max_outstanding='8KiB'",
    )
    config.stash[SETTINGS] = None if config.getoption("--no-leakscope") else _settings(config)


def _settings(config: pytest.Config) -> Settings:
    baselines = config.getoption("--leakscope-baseline")
    if config.getoption("--leakscope-update-baseline") and baselines is None:
        raise pytest.UsageError("--leakscope-update-baseline needs --leakscope-baseline FOLDER")
    try:
        command = executable(config.getoption("--leakscope"))
    except LeakscopeError as error:
        raise pytest.UsageError(str(error)) from error
    return Settings(
        command=command,
        serial=config.getoption("--leakscope-serial"),
        baselines=None if baselines is None else Path(baselines).absolute(),
        updates_baselines=config.getoption("--leakscope-update-baseline"),
        skips_inconclusive=config.getoption("--leakscope-inconclusive") == "skip",
    )


@pytest.fixture
def leakscope(request: pytest.FixtureRequest) -> Iterator[Heap]:
    """Records the heap of the test's device: ``with leakscope.record():``."""
    marker = request.node.get_closest_marker(MARKER)
    if marker is not None and marker.args:
        fail(f"the marker {MARKER} takes keywords alone: max_growth='0B/cycle'")
    heap = heap_of(
        test=request.node.nodeid,
        dut=request.getfixturevalue("dut") if "dut" in request.fixturenames else None,
        folder=lambda: Path(request.getfixturevalue("tmp_path")),
        settings=request.config.stash[SETTINGS],
        expected=list(options(marker.kwargs if marker is not None else {})),
        root=request.config.rootpath,
        measured=_Metrics(request),
    )
    request.node.stash[HEAP] = heap
    yield heap
    heap.save()


@pytest.fixture(autouse=True)
def _leakscope_of_marked(request: pytest.FixtureRequest) -> None:
    """A test that has the marker alone has the fixture, too."""
    if request.node.get_closest_marker(MARKER) is not None:
        request.getfixturevalue(MARKER)


@pytest.hookimpl(trylast=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """After the body of a test, if that has passed: judges what was recorded."""
    heap = item.stash.get(HEAP, None)
    if heap is None:
        return
    if item.get_closest_marker(MARKER) is not None:
        heap.add_logs()
    elif not heap.traces:
        # A test may record for itself alone.
        return
    try:
        heap.judge()
    except LeakscopeError as error:
        fail(str(error))


class _Metrics:
    """Where a number goes: into JUnit's XML, and into pytest-embedded's metrics if they were asked for."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self._properties: list[tuple[str, object]] = request.node.user_properties
        self._test = request.node.nodeid
        is_asked = request.config.getoption("--metric-path", None) is not None
        self._log = request.getfixturevalue("log_metric") if is_asked else None

    def __call__(self, growth: float) -> None:
        self._properties.append(("leakscope_growth", growth))
        if self._log is not None:
            self._log("leakscope_growth_bytes_per_second", growth, test=self._test)
