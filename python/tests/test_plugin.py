"""The plugin, in sessions of its own, with devices that are played."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from conftest import TESTDATA

if TYPE_CHECKING:
    from pathlib import Path

LEAK = TESTDATA / "steady-leak" / "input.svdat"
CLEAN = TESTDATA / "bounded-cache" / "input.svdat"
DUMP = TESTDATA / "firmware" / "recorder-2026-11-22" / "bounded-cache.log"

# A device's log, its folder and its ELF file, as pytest-embedded's `dut` has them.
DUT = """
    import types
    import pytest

    @pytest.fixture
    def dut(tmp_path):
        folder = tmp_path / "of-the-device"
        app = types.SimpleNamespace(elf_file=None)
        return types.SimpleNamespace(logfile={log!r}, logdir=str(folder), app=app)
"""


@pytest.fixture
def session(pytester: pytest.Pytester) -> pytest.Pytester:
    """A folder with a test file to be; only leakscope's plugin is there."""
    pytester.makeini("[pytest]\naddopts = --strict-markers -p no:embedded -p no:cacheprovider\n")
    return pytester


def body(trace: Path, marker: str = "", extra: str = "", then: str = "") -> str:
    return f"""
        import pytest

        {extra}
        @pytest.mark.leakscope({marker})
        def test_it(leakscope):
            leakscope.add({str(trace)!r})
            {then}
    """


def test_a_leak_fails_the_test(session: pytest.Pytester) -> None:
    session.makepyfile(body(LEAK))
    result = session.runpytest()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "leakscope: failed: 1 leak: 25 blocks*",
            "  leak-steady: 0x400d1234: 25 blocks*",
            f"  recorded in {LEAK}",
        ]
    )


def test_no_leak_passes(session: pytest.Pytester) -> None:
    session.makepyfile(body(CLEAN))
    session.runpytest().assert_outcomes(passed=1)


def test_the_marker_says_what_is_expected(session: pytest.Pytester) -> None:
    session.makepyfile(body(CLEAN, 'max_peak="1B", no_failed_allocations=True'))
    result = session.runpytest()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["  limit: *"])


@pytest.mark.parametrize(
    ("marker", "said"),
    [
        ("maximum_growth=1", "*--maximum-growth*"),
        ('max_growth="much"', "*much*"),
        ('"0B/cycle"', "*takes keywords alone*"),
    ],
)
def test_a_marker_that_is_wrong_is_said(session: pytest.Pytester, marker: str, said: str) -> None:
    session.makepyfile(body(CLEAN, marker))
    result = session.runpytest()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines([said])


def test_what_fails_by_itself_is_not_judged(session: pytest.Pytester) -> None:
    session.makepyfile(body(LEAK, then="assert False, 'of the test itself'"))
    result = session.runpytest()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*of the test itself*"])
    result.stdout.no_fnmatch_line("leakscope: failed*")


def test_a_leak_can_be_expected(session: pytest.Pytester) -> None:
    session.makepyfile(body(LEAK, extra="@pytest.mark.xfail(strict=True)"))
    session.runpytest().assert_outcomes(xfailed=1)


@pytest.mark.parametrize(("option", "outcome"), [("fail", "failed"), ("skip", "skipped")])
def test_what_proves_nothing(session: pytest.Pytester, option: str, outcome: str) -> None:
    session.makepyfile(body(CLEAN, 'min_length="1h"'))
    result = session.runpytest("-rs", f"--leakscope-inconclusive={option}")
    result.assert_outcomes(**{outcome: 1})
    result.stdout.fnmatch_lines(["*leakscope: inconclusive*"])


def test_report_and_page_are_left(session: pytest.Pytester) -> None:
    session.makepyfile(body(LEAK))
    session.runpytest("--basetemp", "kept").assert_outcomes(failed=1)
    folder = session.path / "kept" / "test_it0"
    report = json.loads(folder.joinpath("input.json").read_text(encoding="utf-8"))
    assert report["conclusion"] == "leak"
    assert folder.joinpath("input.html").read_text(encoding="utf-8").startswith("<!")


def test_growth_is_in_junit(session: pytest.Pytester) -> None:
    session.makepyfile(body(LEAK))
    session.runpytest("--junitxml", "junit.xml", "-o", "junit_family=xunit1")
    xml = session.path.joinpath("junit.xml").read_text(encoding="utf-8")
    assert '<property name="leakscope_growth" value="2399.28' in xml
    assert "leak-steady" in xml


def test_a_baseline_has_what_is_known(session: pytest.Pytester) -> None:
    folder = TESTDATA / "firmware" / "embassy-virt"
    session.makepyfile(f"""
        import pytest

        @pytest.mark.leakscope
        def test_it(leakscope):
            folder = {str(folder)!r}
            leakscope.add(folder + "/error-path.svdat", elf=folder + "/program.elf")
    """)
    known = "--leakscope-baseline", "known"
    session.runpytest(*known).assert_outcomes(failed=1)
    session.runpytest(*known, "--leakscope-update-baseline").assert_outcomes(passed=1)
    session.runpytest(*known).assert_outcomes(passed=1)
    (baseline,) = session.path.joinpath("known").iterdir()
    assert baseline.name == "test_a_baseline_has_what_is_known.py-test_it.baseline"
    session.runpytest().assert_outcomes(failed=1)


def test_each_test_has_a_baseline_of_its_own(session: pytest.Pytester) -> None:
    folder = TESTDATA / "firmware" / "embassy-virt"
    session.makepyfile(f"""
        import pytest

        @pytest.mark.leakscope
        @pytest.mark.parametrize("value", ["lo hi", "lo/hi", "lo-hi"])
        def test_it(leakscope, value):
            folder = {str(folder)!r}
            leakscope.add(folder + "/error-path.svdat", elf=folder + "/program.elf")
    """)
    known = "--leakscope-baseline", "known"
    session.runpytest(*known, "--leakscope-update-baseline").assert_outcomes(passed=3)
    assert len(list(session.path.joinpath("known").iterdir())) == 3


def test_a_baseline_has_to_be_somewhere(session: pytest.Pytester) -> None:
    result = session.runpytest("--leakscope-update-baseline")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*needs --leakscope-baseline FOLDER*"])


def test_a_marker_alone_reads_the_log(session: pytest.Pytester) -> None:
    session.makepyfile(
        DUT.format(log=str(DUMP))
        + """
    @pytest.mark.leakscope(max_outstanding="1MiB")
    def test_fits(dut):
        pass

    @pytest.mark.leakscope(max_outstanding="1B")
    def test_does_not_fit(dut):
        pass

    @pytest.mark.leakscope
    def test_without_a_limit(dut):
        pass

    def test_without_a_marker(dut):
        pass
    """
    )
    result = session.runpytest("--basetemp", "kept")
    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines(["  limit: *", "leakscope: inconclusive: *"])
    assert session.path.joinpath("kept/test_fits0/of-the-device/bounded-cache.html").is_file()


def test_a_marker_without_a_device_is_a_mistake(session: pytest.Pytester) -> None:
    session.makepyfile("""
        import pytest

        @pytest.mark.leakscope
        def test_it():
            pass
    """)
    result = session.runpytest()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["leakscope: nothing was recorded*"])


def test_tests_of_other_things_are_left_alone(session: pytest.Pytester) -> None:
    session.makepyfile("""
        def test_it(request):
            assert "leakscope" not in request.fixturenames
    """)
    session.runpytest().assert_outcomes(passed=1)


RECORDED = """
    import pathlib
    import socket
    import threading
    import pytest

    def serve(listener, done):
        peer, _ = listener.accept()
        with peer:
            peer.sendall(pathlib.Path({trace!r}).read_bytes())
            done.set()
            while peer.recv(1024):
                pass

    def test_it(leakscope, tmp_path):
        done = threading.Event()
        with socket.create_server(("127.0.0.1", 0)) as listener:
            threading.Thread(target=serve, args=(listener, done), daemon=True).start()
            address = f"127.0.0.1:{{listener.getsockname()[1]}}"
            with leakscope.record("--tcp", address, options=["--max-size", "1M"]) as recorder:
                path = recorder.output
                assert done.wait(30)
                while not path.exists() or path.stat().st_size < 2000:
                    threading.Event().wait(0.01)
        assert path == tmp_path / "heap.svdat"
"""


def test_a_device_is_recorded(session: pytest.Pytester) -> None:
    session.makepyfile(RECORDED.format(trace=str(LEAK)))
    result = session.runpytest("--basetemp", "kept")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["leakscope: failed: 1 leak: *"])
    files = {path.name for path in session.path.joinpath("kept/test_it0").iterdir()}
    assert {"heap.svdat", "heap.json", "heap.html"} <= files


def test_no_leakscope_records_nothing(session: pytest.Pytester) -> None:
    session.makepyfile("""
        import pytest

        @pytest.mark.leakscope
        def test_it(leakscope):
            with leakscope.record("--serial", "/nowhere@1") as recorder:
                recorder.wait()
    """)
    session.runpytest("--no-leakscope").assert_outcomes(passed=1)
    result = session.runpytest()
    result.assert_outcomes(failed=1)
    # The command's words, and not the calls of the plugin that led to them.
    result.stdout.fnmatch_lines(["leakscope: *"])
    result.stdout.no_fnmatch_line("*heap.py*")


def test_a_command_that_is_not_there_is_said_first(session: pytest.Pytester) -> None:
    result = session.runpytest("--leakscope", "no-such-command")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*no-such-command*"])


SOURCES = """
    import types
    import pytest

    class Stopped(Exception):
        pass

    def source(leakscope, monkeypatch, **of_dut):
        def record(output, source, **_):
            raise Stopped(*source)
        monkeypatch.setattr("leakscope.Recorder", record)
        with pytest.raises(Stopped) as caught:
            with leakscope.record(dut=types.SimpleNamespace(**of_dut)):
                pass
        return caught.value.args
"""


def test_how_a_device_is_reached(session: pytest.Pytester) -> None:
    session.makepyfile(
        SOURCES
        + """
    def test_it(leakscope, monkeypatch, request):
        openocd = types.SimpleNamespace(tcl_port=6667, gdb_port=3334)
        if request.config.getoption("--leakscope-serial"):
            assert source(leakscope, monkeypatch, openocd=openocd) == ("--serial", "/dev/ttyUSB1@1000000")
            return
        assert source(leakscope, monkeypatch, openocd=openocd) == ("--openocd", "localhost:6667")
        assert source(leakscope, monkeypatch, gdb_port=1234) == ("--gdb", "localhost:1234")
        with pytest.raises(pytest.fail.Exception, match="how the device is recorded"):
            source(leakscope, monkeypatch, serial=object())
    """
    )
    session.runpytest().assert_outcomes(passed=1)
    session.runpytest("--leakscope-serial", "/dev/ttyUSB1@1000000").assert_outcomes(passed=1)


def test_of_several_devices_one_is_named(session: pytest.Pytester) -> None:
    session.makepyfile(
        DUT.format(log=None)
        + """
    @pytest.fixture
    def two(dut):
        return (dut, dut)

    @pytest.fixture(name="dut")
    def several(tmp_path):
        one = types.SimpleNamespace(gdb_port=1, logdir=str(tmp_path))
        return (one, one)

    def test_it(dut, leakscope):
        with pytest.raises(pytest.fail.Exception, match="several devices"):
            with leakscope.record():
                pass
    """
    )
    session.runpytest().assert_outcomes(passed=1)
