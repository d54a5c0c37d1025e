//! What a user of Espressif's `sysviewtrace_proc.py` runs into, row by row, and what happens here.
//!
//! The rows are those of a study of that script: 45 behaviours of which each loses a report, or makes
//! one wrong. A test `row_NN_…` in this folder shows the better behaviour. The other rows are about what
//! the analysis does not do, and are shown elsewhere, or not at all:
//!
//! | row | about | where |
//! |---|---|---|
//! | 25 | one process for each address | `leakscope-symbols`, `tests/symbols/toolchain.rs`: addresses are resolved in process; `benches/frames.rs` for speed |
//! | 26 | no function names, no inlined frames | `leakscope-symbols`, `tests/symbols/toolchain.rs`, `call_lines.rs` |
//! | 27 | `addr2line` missing, and "OK" | no external program is used; a report without symbols: `leakscope-report`, `tests/report` |
//! | 28 | wrong ELF file, silently | here as far as the trace goes (`row_28_…`); the comparison with the file: `leakscope-symbols`, and the command |
//! | 29 | Xtensa assumed | `leakscope-symbols`, `tests/symbols/toolchain.rs`: the machine is the ELF file's |
//! | 31 | freeing is slow with many live blocks | a hash table; measured in `docs/performance.md` (no timing in tests) |
//! | 33 | missing file, traceback | `leakscope-capture`, `tests/files`; the command's transcripts |
//! | 34 | Windows paths lose seven characters | `leakscope-capture`, `tests/files` |
//! | 36 | exit code 0 with leaks | no gate yet: `report` exits with 0 when a report was made; the CI gate has an issue of its own |
//! | 39 | `-w` waits by burning CPU time | there is no such option: files are read to their end, pipes block |
//! | 40 | nothing is shown before the end | `row_40_…` shows that the analysis answers at any time; a live command has an issue of its own |
//! | 45 | log lines among JSON | the command's transcripts: data go to standard output, all else to standard error |

mod answers;
mod contexts;
mod heap;
mod packets;

const SITE: &[u32] = &[0x400D_1000, 0x400D_2000];
const OTHER: &[u32] = &[0x400D_3000, 0x400D_2000];
const BLOCK: u32 = 0x3FFB_0000;
