"""The extension of idf.py, loaded as its documentation says, mostly with a command that is played."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
import types
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from leakscope.idf import leakscope_ext

ACTIONS = ["leakscope-doctor", "leakscope-record", "leakscope-report", "leakscope-view"]


def test_it_is_found_by_its_entry_point() -> None:
    """ESP-IDF 6: every entry point of the group, whose module is not called `idf_ext`."""
    points = metadata.entry_points()
    group: Any = (
        points.select(group="idf_extension") if hasattr(points, "select") else points["idf_extension"]
    )
    (point,) = (point for point in group if point.name == "leakscope")
    assert point.value == "leakscope.idf.leakscope_ext:action_extensions"
    assert point.load() is leakscope_ext.action_extensions


def test_it_is_found_in_its_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """ESP-IDF 4 and 5: every module `*_ext` in a folder that IDF_EXTRA_ACTIONS_PATH names."""
    said = subprocess.run([sys.executable, "-m", "leakscope.idf"], capture_output=True, text=True, check=True)
    folder = said.stdout.strip()
    found = [name for _, name, _ in pkgutil.iter_modules([folder]) if name.endswith("_ext")]
    assert found == ["leakscope_ext"]
    monkeypatch.syspath_prepend(folder)
    extension = importlib.import_module("leakscope_ext").action_extensions({}, "/project")
    assert sorted(extension["actions"]) == ACTIONS


def test_other_folders_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDF_EXTRA_ACTIONS_PATH", "/one;/two")
    command = [sys.executable, "-m", "leakscope.idf"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert said == f"/one;/two;{Path(leakscope_ext.__file__).parent}"
    monkeypatch.setenv("IDF_EXTRA_ACTIONS_PATH", said)
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == said


def test_its_shape_is_the_one_that_idf_asks_for() -> None:
    extension = leakscope_ext.action_extensions({"actions": {"build": {}}}, "/project")
    assert set(extension) == {"version", "global_options", "actions"}
    assert (extension["version"], extension["global_options"]) == ("1", [])
    assert sorted(extension["actions"]) == ACTIONS
    for action in extension["actions"].values():
        assert callable(action["callback"])
        assert action["help"]
        for option in action["options"]:
            assert set(option) <= {"names", "help", "type", "is_flag", "default"}


def test_twice_is_once() -> None:
    first = leakscope_ext.action_extensions({}, "/project")
    assert leakscope_ext.action_extensions(first, "/project")["actions"] == {}


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What the command was asked."""
    asked: list[list[str]] = []

    def hand_over(words: tuple[object, ...]) -> int:
        asked.append([str(word) for word in words])
        return 7 if "fail" in words else 0

    monkeypatch.setattr(leakscope_ext, "hand_over", hand_over)
    return asked


def call(name: str, build: str | None = None, **options: object) -> None:
    """As idf.py calls an action: its name, click's context, the global arguments; options by their names."""
    action = leakscope_ext.action_extensions({}, "/project")["actions"][name]
    for option in action["options"]:
        options.setdefault(option["names"][0].lstrip("-").replace("-", "_"), option["default"])
    action["callback"](name, object(), types.SimpleNamespace(build_dir=build), **options)


def test_doctor_and_record_are_told_the_project(said: list[list[str]]) -> None:
    call("leakscope-doctor")
    call("leakscope-doctor", write=True, more="--format json")
    call("leakscope-record", output="x.svdat", more="--start-openocd --start 'a b'")
    assert said == [
        ["doctor", "--project", "/project"],
        ["doctor", "--project", "/project", "--write", "--format", "json"],
        ["record", "--project", "/project", "-o", "x.svdat", "--start-openocd", "--start", "a b"],
    ]


def test_report_and_view_are_told_where_it_was_built(said: list[list[str]], tmp_path: Path) -> None:
    call("leakscope-report", str(tmp_path / "not-built"))
    call("leakscope-report", str(tmp_path))
    call("leakscope-view", str(tmp_path), trace="other.svdat", more="--no-open")
    assert said == [
        ["report", "heap.svdat", "--project", "/project"],
        ["report", "heap.svdat", "--project", str(tmp_path)],
        ["view", "other.svdat", "--project", str(tmp_path), "--no-open"],
    ]


def test_idf_fails_as_the_command_does(said: list[list[str]]) -> None:
    with pytest.raises(SystemExit) as caught:
        call("leakscope-report", trace="fail")
    assert caught.value.code == 7
    assert len(said) == 1


def test_the_command_itself_is_run(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """It knows what it is told: it complains of the project, which was not built, and not of words."""
    for name in ACTIONS:
        with pytest.raises(SystemExit) as caught:
            call(name, str(tmp_path))
        assert caught.value.code == 2
        assert "unexpected argument" not in capfd.readouterr().err
