"""Recording in the background, from a server that plays a board."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import pytest

import leakscope

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Server:
    """A device on the network that sends a recording, and then waits for its host to go."""

    def __init__(self, trace: Path) -> None:
        self._bytes = trace.read_bytes()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.sent = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    def _serve(self) -> None:
        peer, _ = self._listener.accept()
        with peer:
            peer.sendall(self._bytes)
            self.sent.set()
            while peer.recv(1024):
                pass

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def server(steady_leak: Path) -> Iterator[Server]:
    server = Server(steady_leak)
    yield server
    server.close()


def test_a_device_is_recorded_meanwhile(server: Server, steady_leak: Path, tmp_path: Path) -> None:
    output = tmp_path / "heap.svdat"
    with leakscope.Recorder(output, ["--tcp", server.address]) as recorder:
        assert server.sent.wait(30)
        wait_for_size(output, steady_leak.stat().st_size // 2)
    assert "recording" in recorder.said
    assert leakscope.report(output).totals.outstanding_blocks == 28


def wait_for_size(path: Path, size: int) -> None:
    """Until so much was recorded: the command writes what comes at once."""
    waiting = threading.Event()
    for _ in range(3000):
        if path.exists() and path.stat().st_size >= size:
            return
        waiting.wait(0.01)
    pytest.fail(f"{path} never had {size} bytes")


def test_what_cannot_be_recorded_is_said_at_once(tmp_path: Path) -> None:
    recorder = leakscope.Recorder(tmp_path / "heap.svdat", ["--serial", "/nowhere/tty@115200"])
    with pytest.raises(leakscope.CommandFailed, match="/nowhere/tty") as caught:
        recorder.start()
    assert caught.value.code == 2
    recorder.stop()


def test_a_device_that_says_nothing_is_no_recording(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        recorder = leakscope.Recorder(tmp_path / "heap.svdat", ["--rtt-tcp", address])
        recorder.start()
        with pytest.raises(leakscope.CommandFailed, match="nothing was recorded"):
            recorder.stop()


def test_an_error_in_between_is_worth_more(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(ZeroDivisionError), leakscope.Recorder(tmp_path / "x", ["--rtt-tcp", address]):
            raise ZeroDivisionError


def test_patience_ends(tmp_path: Path) -> None:
    """A command that is never ready is not left behind."""
    silent = tmp_path / "silent"
    silent.write_text("#!/bin/sh\nexec sleep 1000\n")
    silent.chmod(0o755)
    recorder = leakscope.Recorder("heap.svdat", ["--stdin"], chosen=silent, patience=0.1)
    with pytest.raises(leakscope.LeakscopeError, match=r"not ready after 0\.1 s: it said nothing"):
        recorder.start()
    recorder.stop()
