//! Single events as rows: SystemView's Events view, outside of it.
//!
//! ```
//! use leakscope_analysis::trace::{Layout, Step, Trace};
//! use leakscope_report::events::{EventRow, Format, Writer};
//! use leakscope_report::filter::Filter;
//! use leakscope_report::naming::Naming;
//! use leakscope_report::Symbolizer;
//!
//! # let bytes = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10, 0, 24, 7, 100, 100, 0, 0, 0, 0, 0, 1, 4, 0x60, 50];
//! let inputs: &[&[u8]] = &[&bytes];
//! let mut trace = Trace::new(&Layout::of(inputs));
//! let (mut naming, mut symbolizer) = (Naming::default(), Symbolizer::new(None));
//! let filter = Filter { core: Some(0), ..Filter::default() };
//! let mut out = Vec::new();
//! let mut writer = Writer::new(&mut out, Format::Text);
//! let mut index = 0;
//! while let Ok(Step::Event(event, trace)) = trace.step(inputs) {
//!     naming.learn(&event);
//!     if filter.matches(&event, trace) {
//!         let row = EventRow::new(index, &event, trace, &mut naming, &mut symbolizer);
//!         if filter.matches_row(&row) {
//!             writer.write(&row)?;
//!         }
//!     }
//!     index += 1;
//! }
//! writer.finish()?;
//! # assert!(String::from_utf8(out).unwrap().contains("TASK_START_EXEC"));
//! # Ok::<(), std::io::Error>(())
//! ```
mod csv;
mod json;
mod row;
mod text;
mod writer;

pub use csv::csv_cell;
pub use row::EventRow;
pub(crate) use row::{context_name, hz};
pub use writer::{Format, Writer};
