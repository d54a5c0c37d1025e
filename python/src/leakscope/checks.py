"""The answer of ``leakscope check``, as data: ``docs/check-json.md`` says what each field means."""

from dataclasses import dataclass
from typing import Optional

SCHEMA, VERSION = "leakscope.check", 1

PASSED, FAILED, INCONCLUSIVE = "passed", "failed", "inconclusive"


@dataclass(frozen=True)
class Failure:
    """Something that fails: a call site that leaks, a limit that is exceeded, and what else is asked."""

    kind: str
    message: str
    call_site: Optional[int]
    identity: Optional[str]
    function: Optional[str]
    file: Optional[str]
    line: Optional[int]

    def __str__(self) -> str:
        """One line: where, what, and why."""
        place = f" ({self.file}:{self.line})" if self.file else ""
        function = f"{self.function}{place}: " if self.function else ""
        return f"{self.kind}: {function}{self.message}"


@dataclass(frozen=True)
class Rule:
    """A rule that excuses, and what it has excused here."""

    id: str
    reason: str
    issue: Optional[str]
    file: str
    line: int
    call_sites: int
    blocks: int
    bytes: int
    complaint: Optional[str]


@dataclass(frozen=True)
class Recording:
    """One recording, judged by itself."""

    inputs: tuple[str, ...]
    answer: str
    conclusion: str
    headline: str
    failures: tuple[Failure, ...]
    inconclusive: tuple[str, ...]
    unknown: int
    suppressed: int
    known: int
    rules: tuple[Rule, ...]
    fixed: tuple[str, ...]
    growth_bytes_per_second: Optional[float]
    outstanding_bytes: int
    peak_bytes: int


@dataclass(frozen=True)
class Check:
    """What is expected of recordings, and whether it holds; ``answer`` is the worst of all."""

    schema: str
    version: int
    answer: str
    recordings: tuple[Recording, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing fails, and it would have been seen. An inconclusive check has not passed."""
        return self.answer == PASSED
