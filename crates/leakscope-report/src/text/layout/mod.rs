//! Lines, paragraphs and tables of a given width. Nothing here knows what the words are about.
mod line;
mod page;
mod shorten;
mod table;

pub(super) use line::{Line, Paint};
pub(super) use page::Page;
pub(super) use shorten::{CALLED_BY, middle_of};
pub(super) use table::{Cell, Column, Give, Table};
