"""All of it on the virtual board: pytest-embedded starts Espressif's OpenOCD, which the plugin records by.

Needed are OpenOCD (where the environment says, or in ``target/openocd-esp32``), the command
``virtual-board``, and the program for it, both as cargo has built them. ``.ci/run`` makes all of these.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conftest import TESTDATA

if TYPE_CHECKING:
    from collections.abc import Iterator

TARGET = TESTDATA.parent / "target"
OPENOCD = Path(os.environ.get("LEAKSCOPE_OPENOCD", TARGET / "openocd-esp32" / "bin" / "openocd-esp32"))
BOARD = TARGET / "debug" / "virtual-board"
PROGRAM = TARGET / "firmware" / "elf" / "embassy-esp32c3-steady.elf"


@pytest.fixture(autouse=True)
def _needs() -> None:
    pytest.importorskip("pytest_embedded_jtag")
    for path in (OPENOCD, BOARD, PROGRAM):
        if not path.exists():
            if os.environ.get("LEAKSCOPE_REQUIRE") == "all":
                pytest.fail(f"{path} is missing, and LEAKSCOPE_REQUIRE=all is set")
            pytest.skip(f"{path} is missing")


@pytest.fixture
def board() -> Iterator[int]:
    """A board that runs the program; the port at which OpenOCD debugs it."""
    with subprocess.Popen([BOARD, PROGRAM], stdout=subprocess.PIPE, encoding="utf-8") as process:
        assert process.stdout is not None
        yield int(process.stdout.readline().rsplit(":", 1)[1])
        process.kill()


@pytest.fixture
def console() -> Iterator[str]:
    """A serial port on which nobody speaks: pytest-embedded wants one."""
    master, slave = os.openpty()
    yield os.ttyname(slave)
    os.close(slave)
    os.close(master)


# OpenOCD's ports are constants of pytest-embedded: here they are such as are free. Its service `idf`, which
# knows the program, takes `jtag` only together with `esp`, and that asks a real chip.
CONFTEST = """
    import pytest
    import socket
    from pytest_embedded_jtag import OpenOcd

    def free():
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            return one.getsockname()[1]

    OpenOcd.TCL_BASE_PORT, OpenOcd.TELNET_BASE_PORT, OpenOcd.GDB_BASE_PORT = free(), free(), free()

    @pytest.fixture
    def app(app):
        app.elf_file = {program!r}
        return app
"""

TEST = """
    import pytest

    @pytest.mark.leakscope(no_failed_allocations=True)
    def test_board(dut, leakscope):
        with leakscope.record(options=["--reset"]) as recorder:
            recorder.wait()
        assert "heap.svdat" in recorder.output.name
        assert str(recorder.output.parent) == dut.logdir
"""


def test_a_board_with_pytest_embedded(pytester: pytest.Pytester, board: int, console: str) -> None:
    pytester.makeconftest(CONFTEST.format(program=str(PROGRAM)))
    pytester.makepyfile(TEST)
    openocd = [
        "adapter driver jtag_dpi",
        f"jtag_dpi set_port {board}",
        "transport select jtag",
        "adapter speed 1000",
        "set ESP_RTOS none",
        "set ESP_FLASH_SIZE 0",
    ]
    scripts = " ".join(f"-c '{script}'" for script in openocd)
    result = pytester.runpytest_subprocess(
        *("--embedded-services", "jtag", "--no-gdb", "y", "--port", console, "--root-logdir", "logs"),
        *("--openocd-prog-path", str(OPENOCD), "--metric-path", "metrics.txt"),
        f"--openocd-cli-args={scripts} -f target/esp32c3.cfg",
        timeout=300,
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "leakscope: failed: *",
            "  leak-steady: embassy_example::fault::steady::forget_block (src/fault/steady.rs:*",
        ]
    )
    (page,) = pytester.path.joinpath("logs").rglob("heap.html")
    report = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
    assert report["trace"]["has_symbols"]
    assert page.with_suffix(".svdat").is_file()
    metrics = pytester.path.joinpath("metrics.txt").read_text(encoding="utf-8")
    assert metrics.startswith('leakscope_growth_bytes_per_second{test="')
