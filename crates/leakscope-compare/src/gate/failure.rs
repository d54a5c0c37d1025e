//! What makes a gate fail.

use std::borrow::Cow;

use leakscope_report::document::anomaly::AnomalyKind;
use leakscope_report::identity::Identity;
use leakscope_report::units::{bytes, counted};
use leakscope_report::{NamedFrame, Report, without_allocator};
use serde::Serialize;

use crate::suppress::Rule;

/// One thing that makes a gate fail.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Failure {
    /// What kind of thing.
    pub kind: FailureKind,
    /// The call site, an index into the report's.
    pub site: Option<usize>,
    /// Where: the call stack of the call site, or of the first free or allocation that failed, the innermost frame first;
    /// empty of what is nowhere.
    pub frames: Vec<NamedFrame>,
    /// What that is called in every build.
    pub identity: Option<String>,
    /// What and why, in a sentence without a full stop.
    pub message: String,
}

/// Kinds of failures: their names are those of verdicts, and a few more. They never change.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// A leak, by the name of its verdict; of a dump: `outstanding`.
    Leak(Cow<'static, str>),
    /// A block is freed that had been freed.
    DoubleFree,
    /// An address is freed inside a block.
    WrongFree,
    /// An allocation found no memory.
    FailedAllocation,
    /// A limit is exceeded.
    Limit,
    /// A rule excuses nothing.
    Suppression,
}

impl FailureKind {
    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Leak(verdict) => verdict,
            Self::DoubleFree => "double-free",
            Self::WrongFree => "wrong-free",
            Self::FailedAllocation => "failed-allocation",
            Self::Limit => "limit",
            Self::Suppression => "suppression",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Leak(_) => {
                "mend what leaks; or excuse it with a reason (--suggest prints a rule), or note what is known with \
                 --baseline FILE --write-baseline"
            }
            Self::DoubleFree | Self::WrongFree => {
                "mend what frees: no rule and no baseline excuses it"
            }
            Self::FailedAllocation => {
                "free memory: no rule and no baseline excuses an allocation that failed"
            }
            Self::Limit => "free memory, or raise the limit",
            Self::Suppression => "correct the rule, or take it out",
        }
    }
}

impl Serialize for FailureKind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl Failure {
    pub(super) fn of_site(report: &Report, index: usize, why: Option<String>) -> Self {
        let site = &report.call_sites[index];
        // What was found is of one session, and what is outstanding of all.
        let found = match report.sessions.len() {
            0 | 1 => String::new(),
            _ => format!("in session {}, ", site.session.saturating_add(1)),
        };
        let left = format!(
            "{}, {} outstanding",
            counted(site.outstanding_blocks, "block"),
            bytes(site.outstanding_bytes)
        );
        let mut message = if site.standing == leakscope_report::Standing::Leak {
            format!(
                "{left}; {found}{} ({} confidence)",
                site.reason,
                site.confidence.name()
            )
        } else {
            left
        };
        if let Some(why) = why {
            message = format!("{message}; {why}");
        }
        let kind = match site.standing {
            leakscope_report::Standing::Leak => FailureKind::Leak(site.verdict.clone()),
            _ => FailureKind::Leak("outstanding".into()),
        };
        Self {
            kind,
            site: Some(index),
            frames: site.frames.clone(),
            identity: Some(site.identity.stack.clone()),
            message,
        }
    }

    pub(super) fn of_frees(report: &Report, kind: FailureKind, number: u64) -> Self {
        let what = match kind {
            FailureKind::DoubleFree => "double free",
            FailureKind::WrongFree => "wrong free",
            _ => "failed allocation",
        };
        let frames = match kind {
            FailureKind::FailedAllocation => {
                report.failed_allocations.first().map(|first| &first.frames)
            }
            _ => {
                let wanted = match kind {
                    FailureKind::DoubleFree => AnomalyKind::DoubleFree,
                    _ => AnomalyKind::WrongFree,
                };
                let mut anomalies = report.anomalies.iter();
                anomalies
                    .find(|anomaly| anomaly.kind == wanted && !anomaly.is_doubtful)
                    .map(|first| &first.frames)
            }
        };
        let frames = frames.map_or(&[][..], |frames| without_allocator(frames));
        let elf = report.trace.elf_sha256.as_deref();
        let identity = (!frames.is_empty()).then(|| Identity::of(frames, elf).stack);
        let function = frames.first().and_then(|frame| frame.function.as_ref());
        let place = function.map_or(String::new(), |function| {
            format!(", the first in {function}")
        });
        Self {
            kind,
            site: None,
            frames: frames.to_vec(),
            identity,
            message: format!("{}{place}", counted(number, what)),
        }
    }

    pub(super) fn of_rule(rule: &Rule, why: &str) -> Self {
        let place = &rule.place;
        Self {
            site: None,
            frames: Vec::new(),
            identity: None,
            kind: FailureKind::Suppression,
            message: format!(
                "{}:{}: the rule `{}` {why}",
                place.file, place.line, rule.id
            ),
        }
    }

    pub(super) fn of_limit(message: String) -> Self {
        Self {
            site: None,
            frames: Vec::new(),
            identity: None,
            kind: FailureKind::Limit,
            message,
        }
    }
}
