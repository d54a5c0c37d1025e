//! What is shown beside lines of files: failures that have a place in the repository.

use super::{Checked, Place};
use crate::gate::{Failure, FailureKind, Judgement};

/// Failures that a form does not have, because it cannot say them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Those without a place in the repository.
    pub without_place: usize,
    /// Those of a call stack that fails in a recording before: it is told once.
    pub again: usize,
}

/// A failure in a line of a file.
pub(super) struct Alert<'c> {
    pub(super) judgement: &'c Judgement<'c>,
    pub(super) failure: &'c Failure,
    pub(super) place: Place,
    /// What makes it the same in the next run.
    pub(super) fingerprint: String,
}

/// One for each call stack and for what is wrong there, however many recordings show it.
pub(super) fn alerts<'c>(checked: &Checked<'c>) -> (Vec<Alert<'c>>, LeftOut) {
    let mut alerts: Vec<Alert<'c>> = Vec::new();
    let mut left_out = LeftOut::default();
    for (judgement, failure) in checked.failures() {
        let place = Place::of(&failure.frames, checked.root);
        let Some((place, identity)) = place.zip(failure.identity.as_ref()) else {
            left_out.without_place += 1;
            continue;
        };
        let fingerprint = match &failure.kind {
            // A leak that gets another verdict is the same.
            FailureKind::Leak(_) => identity.clone(),
            other => format!("{}:{identity}", other.name()),
        };
        if alerts.iter().any(|alert| alert.fingerprint == fingerprint) {
            left_out.again += 1;
            continue;
        }
        alerts.push(Alert {
            judgement,
            failure,
            place,
            fingerprint,
        });
    }
    (alerts, left_out)
}

impl Alert<'_> {
    /// What is wrong, and where.
    pub(super) fn title(&self) -> String {
        let function = super::function(&self.failure.frames);
        match self.failure.kind {
            FailureKind::Leak(_) => format!("{function} leaks"),
            _ => format!("{} in {function}", self.failure.kind.name()),
        }
    }
}
