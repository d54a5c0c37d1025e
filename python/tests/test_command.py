"""Finding and running the command."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import leakscope
from leakscope.errors import CommandFailed, CommandNotFound, message


def test_the_command_is_that_of_this_package() -> None:
    found = leakscope.executable()
    assert found.parent == Path(sysconfig.get_path("scripts"))
    assert leakscope.run(["--version"]).stdout.startswith("leakscope ")


def test_another_one_can_be_chosen(tmp_path: Path) -> None:
    assert leakscope.executable(leakscope.executable()) == leakscope.executable()
    with pytest.raises(CommandNotFound, match="no program that can be run"):
        leakscope.executable(tmp_path / "nothing")


def test_none_at_all_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sysconfig, "get_path", lambda *_: str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CommandNotFound, match="pip install leakscope"):
        leakscope.executable()


def test_an_error_has_the_words_of_the_command(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed) as caught:
        leakscope.report(tmp_path / "nowhere.svdat")
    assert caught.value.code == 2
    assert "nowhere.svdat" in caught.value.message
    assert not caught.value.message.startswith("error")
    with pytest.raises(CommandFailed, match="--no-such-option"):
        leakscope.run(["report", "--no-such-option"])


def test_messages() -> None:
    assert message("note: this\nerror: that is wrong\nhint: do so\n") == "that is wrong\nhint: do so"
    assert message("it has crashed\n") == "it has crashed"
    assert str(CommandFailed(101, "")) == "leakscope ended with 101 and said nothing"


def test_python_m_is_the_command() -> None:
    for words, code in ((["--version"], 0), (["report"], 2)):
        ran = subprocess.run([sys.executable, "-m", "leakscope", *words], capture_output=True, check=False)
        assert ran.returncode == code
