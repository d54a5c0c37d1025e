//! What it takes to read a part of the trace again, and to put it in words.

use crate::names::Names;
use crate::scan::Scan;
use crate::source::TraceInputs;

/// A trace, its bytes, and the names in it.
pub(crate) struct Reader<'e, 's> {
    pub(crate) scan: &'e Scan<'s>,
    pub(crate) source: &'e mut dyn TraceInputs,
    pub(crate) names: &'e mut Names<'s>,
}
