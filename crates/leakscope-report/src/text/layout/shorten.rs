//! Text made to fit: what is left out is marked by "…".

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The end of `text`, in at most `width` columns. A path is cut before a `/` if that is near.
pub(in crate::text) fn end_of(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let reversed = fitting(text.chars().rev(), width.saturating_sub(1));
    let end: String = reversed.chars().rev().collect();
    let whole_names = end.find('/').filter(|&at| at > 0 && at + 1 < end.len());
    match whole_names {
        Some(slash) => format!("…{}", &end[slash..]),
        None => format!("…{end}"),
    }
}

/// Both ends of `text`, in at most `width` columns.
pub(in crate::text) fn middle_of(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let room = width.saturating_sub(1);
    let start = fitting(text.chars(), room.div_ceil(2));
    let reversed = fitting(text.chars().rev(), room / 2);
    let end: String = reversed.chars().rev().collect();
    format!("{start}…{end}")
}

/// What stands between the functions of a stack in one line: "called by".
pub(in crate::text) const CALLED_BY: &str = " ← ";

/// The start of `f:12 ← g:345`, in at most `width` columns where that is possible: whole
/// functions are left out, and of the last that remains the name is cut, but no line number is.
pub(in crate::text) fn chain_of(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let cut_off = format!("{CALLED_BY}…");
    let (mut kept, mut position) = (None, 0);
    for link in text.split_inclusive(CALLED_BY) {
        let end = position + link.trim_end_matches(CALLED_BY).len();
        if text[..end].width() + cut_off.width() > width {
            break;
        }
        kept = Some(&text[..end]);
        position += link.len();
    }
    if let Some(kept) = kept {
        return format!("{kept}{cut_off}");
    }
    let first = text.split(CALLED_BY).next().unwrap_or(text);
    let (function, place) = match first.rfind(':') {
        Some(colon) => first.split_at(colon),
        None => (first, ""),
    };
    match width.checked_sub(place.width()) {
        Some(room) if room >= 6 => format!("{}{place}", middle_of(function, room)),
        _ => middle_of(function, width),
    }
}

/// As many characters as fit.
fn fitting(characters: impl Iterator<Item = char>, width: usize) -> String {
    let mut used = 0;
    characters
        .take_while(|character| {
            used += character.width().unwrap_or(0);
            used <= width
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_way_keeps_its_part() {
        assert_eq!(middle_of("vPortTaskWrapper", 9), "vPor…pper");
        assert_eq!(end_of("/home/me/esp/main/app.c:24", 16), "…/main/app.c:24");
        assert_eq!(end_of("a_very_long_name.c:24", 10), "…name.c:24");
        assert_eq!(end_of("short.c:1", 10), "short.c:1");
    }

    #[test]
    fn chains_lose_whole_links() {
        let chain = "xQueueGenericCreate:386 ← app_main:66 ← main_task";
        assert_eq!(chain_of(chain, 49), chain);
        assert_eq!(
            chain_of(chain, 48),
            "xQueueGenericCreate:386 ← app_main:66 ← …"
        );
        assert_eq!(chain_of(chain, 40), "xQueueGenericCreate:386 ← …");
        assert_eq!(chain_of(chain, 20), "xQueueGe…cCreate:386");
        assert_eq!(chain_of(chain, 8), "xQue…ate");
    }

    proptest! {
        #[test]
        fn chains_are_as_narrow_as_asked(text in "[a-z]{1,9}(:[0-9]{1,4})?( ← [a-z]{1,9}){0,4}", width in 4usize..60) {
            let chain = chain_of(&text, width);
            prop_assert!(chain.width() <= width, "{}", chain);
        }

        #[test]
        fn nothing_is_wider_than_it_may_be(text in "[a-z/タ🚀]{0,40}", width in 1usize..50) {
            for shortened in [end_of(&text, width), middle_of(&text, width)] {
                prop_assert!(shortened.width() <= width, "{}", shortened);
            }
        }
    }
}
