//! Who holds how much of the heap, in columns: live bytes by call site, by task or by heap, the largest of them apart and all others
//! together.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io;
use std::ops::ControlFlow;

use leakscope_analysis::heap::Effect;
use serde::Serialize;

use super::Subject;
use super::columns;
use super::frames::title;
use super::timeline::is_short;
use super::track::Named;
use crate::index::curve::Curve;
use crate::names::{address, context_name};
use crate::query::{By, Owner, Window};
use crate::reader::Reader;
use crate::replay::Replay;
use crate::scan::Scan;

/// Columns at most.
const WIDTH: u64 = 512;

/// The answer.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Shares {
    from: u64,
    to: u64,
    width: u64,
    exact: bool,
    bands: Vec<Band>,
    others: Others,
}

/// One owner: the bytes that live at the end of each column.
#[derive(Clone, Debug, Serialize)]
struct Band {
    #[serde(flatten)]
    owner: Named,
    title: String,
    last: Vec<u64>,
}

#[derive(Clone, Debug, Serialize)]
struct Others {
    owners: usize,
    last: Vec<u64>,
}

/// What each owner held at the end of each column of a window.
pub(crate) struct Held {
    window: Window,
    width: u64,
    is_exact: bool,
    rows: BTreeMap<Owner, Vec<u64>>,
}

impl Held {
    /// In a window within the bounds of the trace.
    pub(crate) fn new(
        by: By,
        window: Window,
        width: u64,
        curves: &[(Owner, &Curve)],
        reader: &mut Reader<'_, '_>,
    ) -> io::Result<Self> {
        if is_short(reader.scan, window) {
            let width = width.min(WIDTH);
            return Ok(Self {
                window,
                width,
                is_exact: true,
                rows: read(by, window, width, curves, reader)?,
            });
        }
        let steps = curves.iter().map(|(_, curve)| curve.step());
        let (columns, step) = columns::of_stretches(window, steps.max().unwrap_or(1));
        let width = (columns.to - columns.from) / step;
        let rows = curves.iter().map(|(owner, curve)| {
            let mut row = Row::before(curve, columns.from);
            for change in curve.steps().filter(|change| columns.has(change.time)) {
                let column = (change.time - columns.from) / step;
                row.reach(column, change.last.bytes);
            }
            (*owner, row.filled(width))
        });
        Ok(Self {
            window: columns,
            width,
            is_exact: false,
            rows: rows.collect(),
        })
    }
}

/// The columns of one owner, up to the one in which something changed last.
struct Row {
    /// From when on changes count, and what lived before.
    begin: u64,
    level: u64,
    last: Vec<u64>,
}

impl Row {
    fn before(curve: &Curve, time: u64) -> Self {
        let (begin, level) = curve.before(time);
        Self {
            begin,
            level: level.bytes,
            last: Vec::new(),
        }
    }

    /// From this column on, so many bytes live.
    fn reach(&mut self, column: u64, bytes: u64) {
        let column = column as usize;
        if self.last.len() <= column {
            self.last.resize(column + 1, self.level);
        }
        self.last[column] = bytes;
        self.level = bytes;
    }

    fn filled(mut self, width: u64) -> Vec<u64> {
        self.last.resize(width as usize, self.level);
        self.last
    }
}

/// From the events of the window, and those since the curves tell the level.
fn read(
    by: By,
    window: Window,
    width: u64,
    curves: &[(Owner, &Curve)],
    reader: &mut Reader<'_, '_>,
) -> io::Result<BTreeMap<Owner, Vec<u64>>> {
    let scan = reader.scan;
    let rows = curves.iter();
    let mut rows: BTreeMap<Owner, Row> = rows
        .map(|(owner, curve)| (*owner, Row::before(curve, window.from)))
        .collect();
    let begin = rows.values().map(|row| row.begin).min();
    let section = scan.sections.of_time(begin.unwrap_or(window.from));
    let column = |time: u64| {
        let since = u128::from(time - window.from) * u128::from(width);
        (since / u128::from(window.to - window.from)) as u64
    };
    Replay::from_section(scan, section).run(scan, reader.source, u64::MAX, |seen| {
        let time = seen.event.time;
        if time >= window.to {
            return ControlFlow::Break(());
        }
        let Some(effect) = &seen.effect else {
            return ControlFlow::Continue(());
        };
        let change = |row: &mut Row, bytes: u64| {
            if window.has(time) {
                row.reach(column(time), bytes);
            } else if time >= row.begin {
                row.level = bytes;
            }
        };
        if matches!(effect, Effect::Restart) {
            for row in rows.values_mut() {
                change(row, 0);
            }
        }
        let gone = [effect.ended(), effect.lost()].map(|known| (known, false));
        let come = [effect.revived(), effect.began()].map(|known| (known, true));
        for (known, lives) in gone.into_iter().chain(come) {
            let Some(known) = known else { continue };
            if let Some(row) = rows.get_mut(&by.owner(known, &seen.event, scan)) {
                let size = known.block.size;
                let bytes = if lives {
                    row.level + size
                } else {
                    row.level.saturating_sub(size)
                };
                change(row, bytes);
            }
        }
        ControlFlow::Continue(())
    })?;
    let rows = rows.into_iter();
    Ok(rows
        .map(|(owner, row)| (owner, row.filled(width)))
        .collect())
}

impl Shares {
    /// The owners that held most, in bytes by time, come first; so many are told apart.
    pub(crate) fn new(held: Held, bands: usize, subject: Subject<'_, '_>) -> Self {
        let Held {
            window,
            width,
            is_exact,
            rows,
        } = held;
        let area = |row: &[u64]| row.iter().map(|&bytes| u128::from(bytes)).sum::<u128>();
        let mut rows: Vec<_> = (rows.into_iter())
            .filter(|(_, row)| row.iter().any(|&bytes| bytes > 0))
            .collect();
        rows.sort_by_key(|(_, row)| Reverse(area(row)));
        let rest = rows.split_off(rows.len().min(bands));
        let mut others = vec![0; width as usize];
        for (_, row) in &rest {
            for (sum, bytes) in others.iter_mut().zip(row) {
                *sum += bytes;
            }
        }
        Self {
            from: window.from,
            to: window.to,
            width,
            exact: is_exact,
            bands: (rows.into_iter())
                .map(|(owner, last)| Band {
                    owner: owner.into(),
                    title: title_of(owner, subject),
                    last,
                })
                .collect(),
            others: Others {
                owners: rest.len(),
                last: others,
            },
        }
    }
}

fn title_of(owner: Owner, subject: Subject<'_, '_>) -> String {
    match owner {
        Owner::Site(number) => {
            let mut sites = subject.report.call_sites.iter();
            let site = sites.find(|site| site.id as usize == number);
            site.map_or_else(String::new, |site| title(&site.frames))
        }
        Owner::Context(number) => context_title(number, subject.scan),
        Owner::Heap(0) => "heap without a name".to_owned(),
        Owner::Heap(at) => address(at),
    }
}

fn context_title(number: u16, scan: &Scan<'_>) -> String {
    let contexts = scan.actors.contexts();
    let context = contexts.get(usize::from(number)).copied();
    context.map_or_else(String::new, |context| context_name(context, &scan.trace))
}
