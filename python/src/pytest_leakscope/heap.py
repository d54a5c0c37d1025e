"""What a test records, and the judgement of it."""

from __future__ import annotations

import contextlib
import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Callable, NoReturn

import pytest

import leakscope
from leakscope.checks import FAILED, INCONCLUSIVE
from leakscope.command import StrPath, run
from pytest_leakscope.device import Device, devices

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from leakscope.checks import Check


@dataclass(frozen=True)
class Settings:
    """What was typed behind ``pytest``."""

    command: Path
    serial: str | None = None
    baselines: Path | None = None
    updates_baselines: bool = False
    skips_inconclusive: bool = False


@dataclass
class Trace:
    """A recording to be judged, and the ELF file that ran."""

    path: Path
    elf: Path | None


@dataclass
class Heap:
    """The fixture ``leakscope``: what a test records of its device's heap.

    At the end of the test, all that was recorded is judged by what the test's marker asks for.
    """

    test: str
    folder: Path
    settings: Settings | None
    expected: Sequence[str]
    devices: Sequence[Device]
    root: Path
    measured: Callable[[float], None]
    traces: list[Trace] = field(default_factory=list)

    @contextlib.contextmanager
    def record(
        self,
        *source: str,
        dut: object = None,
        elf: StrPath | None = None,
        options: Sequence[StrPath] = (),
        patience: float = 60,
    ) -> Iterator[leakscope.Recorder]:
        """Records the device while the block runs; ``output`` of what it gives is the file.

        ``wait()`` of it waits for a program that ends its recording itself (``heap_trace_stop``).

        :param source: what ``leakscope record`` is told of where the trace comes from
            (``"--tcp", "localhost:19111"``); without it, ``--leakscope-serial``, or what the device has
        :param dut: which device, if the test has several
        :param elf: the ELF file that is running, if the device does not know it
        :param options: more of the command's options: ``["--reset"]``
        :param patience: for so many seconds the device may take to be connected, and to end its trace
        """
        number = len(self.traces)
        path = self.folder / ("heap.svdat" if number == 0 else f"heap.{number + 1}.svdat")
        if self.settings is None:
            yield leakscope.Recorder(path, [])
            return
        device = self._device(dut)
        elf = elf if elf is not None or device is None else device.elf
        recorder = leakscope.Recorder(
            path,
            source or self._source(device),
            elf=elf,
            options=options,
            chosen=self.settings.command,
            patience=patience,
        )
        try:
            with recorder:
                yield recorder
        except leakscope.LeakscopeError as error:
            # What the command says is for people; the calls that led to it are ours.
            fail(str(error))
        self.add(path, elf=elf)

    def add(self, trace: StrPath, *, elf: StrPath | None = None) -> None:
        """A recording or a log with a heap dump that came another way: it is judged with the others."""
        self.traces.append(Trace(Path(trace), None if elf is None else Path(elf)))

    def add_logs(self) -> None:
        """Of a test that recorded nothing: what its devices' consoles said, which may hold a heap dump."""
        for device in self.devices if not self.traces else ():
            if device.log is not None:
                self.add(device.log, elf=device.elf)

    def judge(self) -> None:
        """Fails or skips the test, if its recordings say so."""
        if self.settings is None:
            return
        if not self.traces:
            fail(
                "nothing was recorded: use the fixture `leakscope` "
                "(`with leakscope.record():`), or a device with a log"
            )
        for number, trace in enumerate(self.traces):
            check = self._check(trace, number)
            self.measured(check.recordings[0].growth_bytes_per_second or 0.0)
            if check.answer == FAILED:
                fail(_text(trace, check))
            if check.answer == INCONCLUSIVE and self.settings.skips_inconclusive:
                pytest.skip(f"leakscope: {_text(trace, check)}")
            if check.answer == INCONCLUSIVE:
                fail(_text(trace, check))

    def save(self) -> None:
        """Leaves report and page beside each recording, for people and for programs."""
        for trace in self.traces if self.settings is not None else ():
            stem = self.folder / trace.path.stem
            elf: list[StrPath] = [] if trace.elf is None else ["--elf", trace.elf]
            # What cannot be read was said when it was judged.
            with contextlib.suppress(leakscope.LeakscopeError):
                report = self._run(["report", trace.path, *elf, "--format", "json"])
                stem.with_suffix(".json").write_text(report, encoding="utf-8")
                self._run(["report", trace.path, *elf, "--force", "--html", stem.with_suffix(".html")])

    def _check(self, trace: Trace, number: int) -> Check:
        """Judges one recording; a baseline that is to be written is written first."""
        settings = self._settings()
        options = list(self.expected)
        if settings.baselines is not None:
            path = settings.baselines / f"{_file_name(self.test, number)}.baseline"
            if settings.updates_baselines:
                path.parent.mkdir(parents=True, exist_ok=True)
                self._ask(trace, [*options, "--baseline", str(path), "--write-baseline"])
            if path.is_file():
                options += ["--baseline", str(path)]
        return self._ask(trace, options)

    def _ask(self, trace: Trace, options: Sequence[str]) -> Check:
        command = self._settings().command
        return leakscope.check(
            trace.path.absolute(), elf=trace.elf, options=options, chosen=command, cwd=self.root
        )

    def _run(self, arguments: Sequence[StrPath]) -> str:
        return run(arguments, chosen=self._settings().command).stdout

    def _settings(self) -> Settings:
        assert self.settings is not None, "nothing is judged with --no-leakscope"  # noqa: S101
        return self.settings

    def _device(self, dut: object) -> Device | None:
        if dut is not None:
            return Device(dut)
        if len(self.devices) > 1:
            fail("this test has several devices: say which, record(dut=dut[0])")
        return self.devices[0] if self.devices else None

    def _source(self, device: Device | None) -> Sequence[str]:
        serial = self._settings().serial
        if serial is not None:
            return ("--serial", serial)
        source = None if device is None else device.source()
        if source is None:
            fail(
                "nothing says how the device is recorded: --leakscope-serial PORT@BAUD, "
                "pytest-embedded's service `jtag`, or words for `leakscope record` in record(…)"
            )
        return source


def heap_of(  # noqa: PLR0913
    *,
    test: str,
    dut: object,
    folder: Callable[[], Path],
    settings: Settings | None,
    expected: Sequence[str],
    root: Path,
    measured: Callable[[float], None],
) -> Heap:
    """The fixture's value, with the first device's folder if there is one."""
    found = devices(dut)
    chosen = next((device.folder for device in found if device.folder is not None), None)
    path = chosen if chosen is not None else folder()
    path.mkdir(parents=True, exist_ok=True)
    return Heap(
        test=test,
        folder=path,
        settings=settings,
        expected=expected,
        devices=found,
        root=root,
        measured=measured,
    )


def _text(trace: Trace, check: Check) -> str:
    """What is said of a test that fails: what the command found, and where to look on."""
    recording = check.recordings[0]
    lines = [f"{check.answer}: {recording.headline}"]
    lines += [f"  {failure}" for failure in recording.failures]
    lines += [f"  nothing can be claimed: {why}" for why in recording.inconclusive]
    lines.append(f"  recorded in {trace.path}")
    return "\n".join(lines)


def fail(text: str) -> NoReturn:
    """Fails the test with words for people, without the calls that led here."""
    pytest.fail(f"leakscope: {text}", pytrace=False)


def _file_name(test: str, number: int) -> str:
    """A test's name as one of a file, on every system; a second recording has its number behind."""
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", test).strip("-")
    parameters = test.partition("[")[2].removesuffix("]")
    if re.search(r"[^A-Za-z0-9_.-]", parameters):  # others may differ from them only there
        name += "-" + hashlib.sha256(test.encode()).hexdigest()[:8]
    return name if number == 0 else f"{name}.{number + 1}"
