"""The report on a recording, as data.

Names and units are those of the document (``docs/report-json.md`` says what each field means): ``_s`` are
seconds since the recording began, ``_ticks`` the same in ticks of the target's clock, ``_bytes`` bytes.
What the recording does not tell is ``None``. Names and messages come from the device as they are:
:func:`repr` makes them harmless for a terminal.
"""

from dataclasses import dataclass
from typing import Optional, Union

SCHEMA, VERSION = "leakscope.report", 1


@dataclass(frozen=True)
class Frame:
    """One function in a call stack; the innermost comes first."""

    address: str
    function: Optional[str]
    file: Optional[str]
    line: Optional[int]
    inlined: bool
    certainty: str = "exact"


@dataclass(frozen=True)
class Block:
    """A block of memory, and who allocated it."""

    address: str
    size_bytes: int
    time_s: Optional[float]
    time_ticks: int
    context: str
    core: int


@dataclass(frozen=True)
class Identity:
    """What a call site is called in every build."""

    site: str
    stack: str


@dataclass(frozen=True)
class Excused:
    """A leak that a rule (``suppressed``) or a baseline (``known``) excuses, by the name of that."""

    suppressed: Optional[str] = None
    known: Optional[str] = None


@dataclass(frozen=True)
class Left:
    """What a call site left behind in the time that it was watched."""

    watched_s: Optional[float]
    watched_ticks: int
    blocks: int
    bytes: int
    squared_bytes: float
    window_bytes: tuple[int, ...]
    floor_bytes: tuple[int, ...]
    floor_s: Optional[float]
    cycle_bytes: tuple[int, ...]
    cycle_group: int


@dataclass(frozen=True)
class Reached:
    """What an image of memory says of blocks."""

    definite_blocks: int
    definite_bytes: int
    indirect_blocks: int
    indirect_bytes: int
    possible_blocks: int
    possible_bytes: int
    reachable_blocks: int
    reachable_bytes: int
    gone_blocks: int
    holder: Optional[str]


@dataclass(frozen=True)
class CallSite:
    """A call stack that allocates, and the verdict on it."""

    id: int
    identity: Identity
    standing: Union[str, Excused]
    verdict: str
    confidence: str
    reason: str
    session: int
    growth_bytes_per_second: Optional[float]
    growth_bytes: int
    growth_ticks: int
    left: Optional[Left]
    allocations: int
    frees: int
    reallocations: int
    failed_allocations: int
    allocated_bytes: int
    outstanding_blocks: int
    outstanding_bytes: int
    peak_bytes: int
    bytes_at_peak: int
    smallest_bytes: int
    largest_bytes: int
    first_allocation_s: Optional[float]
    first_allocation_ticks: int
    last_allocation_s: Optional[float]
    last_allocation_ticks: int
    tasks: tuple[str, ...]
    cores: tuple[int, ...]
    frames: tuple[Frame, ...]
    allocator_frames: tuple[Frame, ...]
    blocks: tuple[Block, ...]
    memory: Optional[Reached] = None
    is_cut_off: bool = False
    hint: Optional[str] = None
    doubtful_blocks: int = 0
    doubtful_bytes: int = 0

    @property
    def leaks(self) -> bool:
        """Whether its verdict amounts to a leak that nothing excuses."""
        return self.standing == "leak"


@dataclass(frozen=True)
class Interrupt:
    """An interrupt that has a name."""

    number: int
    name: str


@dataclass(frozen=True)
class Trace:
    """What was read."""

    inputs: tuple[str, ...]
    read_bytes: int
    has_history: bool
    has_symbols: bool
    application: Optional[str]
    device: Optional[str]
    operating_system: Optional[str]
    elf_sha256: Optional[str]
    timestamp_hz: Optional[int]
    cpu_hz: Optional[int]
    cores: tuple[int, ...]
    interrupts: tuple[Interrupt, ...]
    length_s: Optional[float]
    length_ticks: int


@dataclass(frozen=True)
class Totals:
    """Sums over all of the recording."""

    events: int
    copies: int
    log_messages: int
    heap_events: int
    allocations: int
    frees: int
    reallocations: int
    failed_allocations: int
    failed_and_retried: int
    frees_of_null: int
    frees_of_older_blocks: int
    double_frees: int
    wrong_frees: int
    doubtful_frees: int
    allocated_bytes: int
    outstanding_blocks: int
    outstanding_bytes: int
    peak_bytes: int
    dropped_packets: int
    skipped_bytes: int
    cycles: int
    cycle_ticks: int
    sessions: int
    call_sites: int
    leaks: int
    leak_blocks: int
    leak_bytes: int
    leak_bytes_per_second: Optional[float]


@dataclass(frozen=True)
class Exhaustion:
    """When leaks will have used up the heap."""

    heap_size_bytes: int
    left_bytes: int
    after_end_s: float


@dataclass(frozen=True)
class Holder:
    """A call site that held memory at the peak: an index into ``call_sites``."""

    call_site: int
    bytes: int


@dataclass(frozen=True)
class Peak:
    """The most that lived at once."""

    bytes: int
    time_s: Optional[float]
    time_ticks: int
    holders: tuple[Holder, ...]


@dataclass(frozen=True)
class Context:
    """A task, an interrupt or whoever else allocated or freed."""

    name: str
    kind: str
    task: Optional[int]
    interrupt: Optional[int]
    allocations: int
    allocated_bytes: int
    frees: int
    freed_bytes: int
    outstanding_blocks: int
    outstanding_bytes: int
    peak_bytes: int


@dataclass(frozen=True)
class Heap:
    """One of several heaps that the target tells apart."""

    heap: str
    base: Optional[str]
    size_bytes: Optional[int]
    allocations: int
    frees: int
    outstanding_bytes: int
    peak_bytes: int


@dataclass(frozen=True)
class Session:
    """A stretch of the recording without a restart of the target."""

    start_s: Optional[float]
    start_ticks: int
    end_s: Optional[float]
    end_ticks: int
    after_reset: bool
    stopped: bool
    heap_events: int
    outstanding_blocks: int
    outstanding_bytes: int
    peak_bytes: int


@dataclass(frozen=True)
class Stack:
    """A task's stack."""

    base: str
    size_bytes: int
    used_bytes: Optional[int]


@dataclass(frozen=True)
class Task:
    """A task of the operating system."""

    address: str
    name: Optional[str]
    priority: Optional[int]
    resets: int
    stack: Optional[Stack]


@dataclass(frozen=True)
class FirstFree:
    """Of a double free, the first one."""

    time_s: Optional[float]
    time_ticks: int
    frames: tuple[Frame, ...]


@dataclass(frozen=True)
class Inside:
    """Of a wrong free, the block around the address."""

    block: Block
    allocated_by: tuple[Frame, ...]


@dataclass(frozen=True)
class Anomaly:
    """A free that cannot be right."""

    kind: str
    is_doubtful: bool
    time_s: Optional[float]
    time_ticks: int
    context: str
    core: int
    address: str
    frames: tuple[Frame, ...]
    first_free: Optional[FirstFree]
    inside: Optional[Inside]


@dataclass(frozen=True)
class FailedAllocation:
    """An allocation that found no memory."""

    size_bytes: int
    time_s: Optional[float]
    time_ticks: int
    context: str
    core: int
    retried: bool
    live_bytes: int
    frames: tuple[Frame, ...]


@dataclass(frozen=True)
class Problem:
    """Something that is wrong with the data."""

    code: str
    severity: str
    message: str
    hint: Optional[str]
    count: int
    input: Optional[str]
    offset: Optional[int]
    time_s: Optional[float]
    time_ticks: Optional[int]


@dataclass(frozen=True)
class Step:
    """A step of a way from a root to blocks."""

    root: str
    root_kind: str
    root_address: Optional[str]
    parent: Optional[int]
    call_site: Optional[int]
    blocks: int
    bytes: int
    way: str


@dataclass(frozen=True)
class Memory:
    """What an image of memory says: ``None`` if there was none."""

    bytes: int
    is_complete: bool
    missing: tuple[str, ...]
    problems: tuple[str, ...]
    static_bytes: int
    stack_bytes: int
    unknown_bytes: int
    block_bytes: int
    pointers: int
    expected_by_chance: Optional[float]
    total: Reached
    holders: tuple[Step, ...]


@dataclass(frozen=True)
class HeapNote:
    """What the heap's map says: ``None`` if it has nothing to say, or is not known."""

    allocator: str
    addresses: int
    predicted: int
    trend: Optional[str]
    pinned_by: tuple[str, ...]
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """What a recording shows. ``call_sites`` has the worst first."""

    schema: str
    version: int
    conclusion: str
    headline: str
    limits: tuple[str, ...]
    outlook: Optional[str]
    part: Optional[str]
    also_wrong: tuple[str, ...]
    trace: Trace
    sessions: tuple[Session, ...]
    tasks: tuple[Task, ...]
    totals: Totals
    exhaustion: Optional[Exhaustion]
    call_sites: tuple[CallSite, ...]
    peak: Peak
    contexts: tuple[Context, ...]
    heaps: tuple[Heap, ...]
    anomalies: tuple[Anomaly, ...]
    failed_allocations: tuple[FailedAllocation, ...]
    problems: tuple[Problem, ...]
    memory: Optional[Memory] = None
    heap_map: Optional[HeapNote] = None

    @property
    def leaks(self) -> tuple[CallSite, ...]:
        """The call sites that leak, the worst first."""
        return tuple(site for site in self.call_sites if site.leaks)
