"""Reports and judgements as data."""

from __future__ import annotations

import dataclasses
import re
import typing
from typing import TYPE_CHECKING, Union

import pytest

import leakscope
from conftest import TESTDATA
from leakscope import checks, reports
from leakscope.document import read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DOCS = TESTDATA.parent / "docs"


def test_a_report_is_typed(steady_leak: Path) -> None:
    report = leakscope.report(steady_leak)
    assert report.conclusion == "leak"
    (site,) = report.leaks
    assert (site.verdict, site.outstanding_blocks, site.outstanding_bytes) == ("leak-steady", 25, 600)
    assert site.frames[0].address == "0x400d1234"
    assert site.left is not None
    assert sum(site.left.window_bytes) == site.left.bytes
    assert report.trace.inputs == (str(steady_leak),)


@pytest.mark.parametrize("case", sorted(path.parent.name for path in TESTDATA.glob("*/input.svdat")))
def test_every_recording_has_a_report(case: str) -> None:
    trace = TESTDATA / case / "input.svdat"
    report = leakscope.report(trace)
    assert report.totals.call_sites == len(report.call_sites)
    assert report.totals.leaks == len(report.leaks)


def test_several_files_are_one_recording(steady_leak: Path) -> None:
    one, two = leakscope.report(steady_leak), leakscope.report([steady_leak])
    assert one == two


def test_options_reach_the_command(steady_leak: Path) -> None:
    report = leakscope.report(steady_leak, options=["--to", "100ms"])
    assert report.part is not None
    assert report.totals.allocations < leakscope.report(steady_leak).totals.allocations


def test_checks(steady_leak: Path, bounded_cache: Path) -> None:
    check = leakscope.check([bounded_cache, steady_leak])
    assert (check.answer, check.passed) == ("failed", False)
    assert [recording.answer for recording in check.recordings] == ["passed", "failed"]
    (failure,) = check.recordings[1].failures
    assert str(failure).startswith("leak-steady: 0x400d1234: 25 blocks, 600 B outstanding")
    assert leakscope.check(bounded_cache).passed
    short = leakscope.check(bounded_cache, options=["--min-length", "1h"])
    assert short.answer == checks.INCONCLUSIVE
    assert not short.passed


def test_what_a_rule_excuses_has_its_name(tmp_path: Path) -> None:
    folder = TESTDATA / "firmware" / "embassy-virt"
    trace, elf = folder / "error-path.svdat", folder / "program.elf"
    failed = leakscope.check(trace, elf=elf, cwd=tmp_path)
    assert failed.recordings[0].failures[0].function == "embassy_example::fault::error_path::send_block"
    rule = '[[suppress]]\nid = "one"\nreason = "an example"\nframes = ["*::error_path::send_block"]\n'
    tmp_path.joinpath("leakscope.toml").write_text(rule)
    excused = leakscope.check(trace, elf=elf, cwd=tmp_path)
    assert (excused.passed, excused.recordings[0].suppressed) == (True, 1)
    assert [(rule.id, rule.blocks) for rule in excused.recordings[0].rules] == [("one", 22)]


def fields(shape: type, path: str = "") -> Iterator[str]:
    """Paths of a document's fields, as its page names them."""
    hints = typing.get_type_hints(shape)
    for field in dataclasses.fields(shape):
        yield from field_paths(hints[field.name], f"{path}{field.name}")


def field_paths(shape: typing.Any, path: str) -> Iterator[str]:  # noqa: ANN401
    origin, inner = typing.get_origin(shape), typing.get_args(shape)
    if origin is tuple:
        yield from field_paths(inner[0], f"{path}[]")
    elif origin is Union and str in inner:
        yield path
    elif origin is Union:
        yield from field_paths(inner[0], path)
    elif dataclasses.is_dataclass(shape):
        yield from fields(typing.cast("type", shape), f"{path}.")
    else:
        yield path


def test_the_fields_are_those_of_the_page() -> None:
    page = DOCS.joinpath("report-json.md").read_text(encoding="utf-8")
    assert set(fields(reports.Report)) == set(re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE))


DOCUMENT = '{"schema": "leakscope.check", "version": 1, "answer": "passed", "recordings": [], "new": 1}'


def test_a_field_that_is_not_known_is_no_error() -> None:
    assert read(DOCUMENT, checks.Check, checks.SCHEMA, checks.VERSION).passed


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("", "no JSON"),
        ("[]", "schema"),
        (DOCUMENT.replace("leakscope.check", "leakscope.diff"), "schema"),
        (DOCUMENT.replace("1", "2", 1), "version 2"),
        (DOCUMENT.replace('"answer": "passed", ', ""), "answer is missing"),
        (DOCUMENT.replace('"passed"', "true"), "answer is bool, where str should be"),
        (DOCUMENT.replace("[]", "{}"), "recordings is dict, where an array should be"),
        (DOCUMENT.replace("[]", "[1]"), r"recordings\[0\] is int, where an object should be"),
    ],
)
def test_what_is_no_such_document_is_said(wrong: str, message: str) -> None:
    with pytest.raises(leakscope.UnknownDocument, match=message):
        read(wrong, checks.Check, checks.SCHEMA, checks.VERSION)


def test_a_leak_that_is_excused_says_by_what() -> None:
    report = leakscope.run(["report", "--format", "json", TESTDATA / "steady-leak" / "input.svdat"]).stdout
    excused = report.replace('"standing": "leak"', '"standing": {"suppressed": "a rule"}')
    assert excused != report
    site = read(excused, reports.Report, reports.SCHEMA, reports.VERSION).call_sites[0]
    assert site.standing == reports.Excused(suppressed="a rule")
    assert not site.leaks
