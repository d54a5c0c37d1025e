//! A differential flame graph: call stacks as nested boxes, as wide as one side has them, coloured by what is different.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use leakscope_report::html::escaped;

use super::document::Diff;
use super::site::Site;
use super::text::name;

/// Units of the picture's width, its rows' height, and what a character takes of the width.
const WIDTH: f64 = 1200.0;
const ROW: usize = 18;
const CHARACTER: f64 = 7.0;

/// Narrower boxes are left out.
const NARROWEST: f64 = 1.0;

/// Deeper calls are left out.
const DEEPEST: usize = 128;

/// Whose widths are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Widths {
    Before,
    After,
}

/// A function, and what it and all that it calls have.
#[derive(Default)]
pub(super) struct Node {
    before: f64,
    after: f64,
    callees: BTreeMap<String, Node>,
}

impl Node {
    /// Of all call sites, by growth, or by what was outstanding.
    pub(super) fn of(diff: &Diff, value: impl Fn(&Site) -> (f64, f64)) -> Self {
        let mut root = Self::default();
        for site in &diff.sites {
            let (before, after) = value(site);
            let mut node = &mut root;
            node.add(before, after);
            for frame in site.frames.iter().rev().take(DEEPEST) {
                node = node.callees.entry(name(frame)).or_default();
                node.add(before, after);
            }
        }
        root
    }

    fn add(&mut self, before: f64, after: f64) {
        self.before += before.max(0.0);
        self.after += after.max(0.0);
    }

    fn width(&self, widths: Widths) -> f64 {
        match widths {
            Widths::Before => self.before,
            Widths::After => self.after,
        }
    }

    /// Rows of boxes that are wide enough.
    fn rows(&self, scale: f64, widths: Widths) -> usize {
        let callees = self.callees.values();
        let wide = callees.filter(|node| node.width(widths) * scale >= NARROWEST);
        1 + wide.map(|node| node.rows(scale, widths)).max().unwrap_or(0)
    }

    /// The largest difference of a function.
    fn largest(&self) -> f64 {
        let own = (self.after - self.before).abs();
        self.callees.values().map(Self::largest).fold(own, f64::max)
    }
}

/// The picture as SVG, `None` if nothing has a width. `amount` puts values in words.
pub(super) fn flame(root: &Node, widths: Widths, amount: &dyn Fn(f64) -> String) -> Option<String> {
    let all = root.width(widths);
    if all <= 0.0 {
        return None;
    }
    let scale = WIDTH / all;
    let mut picture = Picture {
        text: String::new(),
        scale,
        widths,
        largest: root.largest(),
        amount,
    };
    let height = root.rows(scale, widths) * ROW;
    // To a string, nothing fails.
    let _ = picture.draw("all", root, 0.0, 0);
    Some(format!(
        "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">\n{}</svg>\n",
        picture.text
    ))
}

struct Picture<'a> {
    text: String,
    scale: f64,
    widths: Widths,
    largest: f64,
    amount: &'a dyn Fn(f64) -> String,
}

impl Picture<'_> {
    fn draw(&mut self, name: &str, node: &Node, x: f64, row: usize) -> fmt::Result {
        let width = node.width(self.widths) * self.scale;
        let (before, after) = ((self.amount)(node.before), (self.amount)(node.after));
        let (y, box_height) = (row * ROW, ROW - 1);
        let colour = self.colour(node.after - node.before);
        let title = escaped(&format!("{name}: {before} → {after}"));
        write!(
            self.text,
            "<g><title>{title}</title><rect x=\"{x:.1}\" y=\"{y}\" width=\"{width:.1}\" height=\"{box_height}\" \
             fill=\"{colour}\"/>"
        )?;
        let room = (width / CHARACTER) as usize;
        if room >= 3 {
            let mut shown: String = name.chars().take(room).collect();
            if shown.len() < name.len() {
                shown.pop();
                shown.push('…');
            }
            let (x, y) = (x + 3.0, y + ROW - 5);
            write!(
                self.text,
                "<text x=\"{x:.1}\" y=\"{y}\">{}</text>",
                escaped(&shown)
            )?;
        }
        writeln!(self.text, "</g>")?;
        let mut x = x;
        for (name, callee) in &node.callees {
            let width = callee.width(self.widths) * self.scale;
            if width >= NARROWEST {
                self.draw(name, callee, x, row + 1)?;
            }
            x += width;
        }
        Ok(())
    }

    /// Red is more and blue is less, the fuller the larger the difference.
    fn colour(&self, difference: f64) -> String {
        if difference == 0.0 || self.largest == 0.0 {
            return "#eeeeee".to_owned();
        }
        let faint = 225.0 - 135.0 * (difference.abs() / self.largest).min(1.0);
        let faint = faint.round() as u8;
        if difference > 0.0 {
            format!("#ff{faint:02x}{faint:02x}")
        } else {
            format!("#{faint:02x}{faint:02x}ff")
        }
    }
}
