//! What to do about a problem, apart from what it is.

use leakscope_analysis::problem::ProblemKind;

/// Advice, where there is any.
pub fn hint(kind: &ProblemKind) -> Option<&'static str> {
    Some(match kind {
        ProblemKind::Overflow { .. } => {
            "a larger trace buffer, a faster link, or fewer kinds of events recorded lose less"
        }
        ProblemKind::NotSystemView => {
            "the input is to be a recording of SEGGER SystemView (.svdat), as it came or compressed"
        }
        ProblemKind::Empty => {
            "a recorder that was started before the target, and stopped after it, writes events"
        }
        ProblemKind::NoStart | ProblemKind::NoInit => {
            "a recording that begins before the target starts tracing holds all there is"
        }
        ProblemKind::NoHeapEvents => {
            "heap events want a heap tracer in the firmware (ESP-IDF: heap tracing to host); if it is there, \
             name its module with a description file"
        }
        ProblemKind::HeapModuleGuessed { .. } | ProblemKind::UnnamedModuleEvents { .. } => {
            "a recording that holds the start of tracing holds the modules' descriptions too; a description \
             file can stand in for them"
        }
        ProblemKind::NoCallStacks => {
            "in ESP-IDF, the depth of recorded call stacks is an option of heap tracing"
        }
        ProblemKind::SameCoreTwice { .. } => {
            "give one file a core, or the files of one recording only"
        }
        ProblemKind::ElfDiffers | ProblemKind::AddressesOutsideElf { .. } => {
            "give the ELF file of the very build that was traced: functions and lines are wrong otherwise"
        }
        ProblemKind::OneCoreOnly => "a debug probe (JTAG) records both cores",
        _ => return None,
    })
}
