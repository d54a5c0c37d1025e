//! Files that somebody put one behind the other, as `cat` does: a header in the middle of a file says so.

use std::io;

use leakscope_analysis::trace::HEAD;
use leakscope_capture::Input;

/// Stands in the header of a file that holds several cores, to which nothing can be added.
const LINE: &[u8] = b"\n; Offset Core0 ";

/// Where the header of another recording is in a file that begins with one; `None` if it is one recording.
///
/// # Errors
/// Those of reading.
pub(crate) fn find(input: &mut Input) -> io::Result<Option<u64>> {
    let Some(own) = place(&input.head(HEAD)?) else {
        return Ok(None);
    };
    let mut from = (own + LINE.len()) as u64;
    let mut bytes = vec![0; 1 << 20];
    loop {
        let count = input.read_at(from, &mut bytes)?;
        if let Some(place) = place(&bytes[..count]) {
            return Ok(Some(from + place as u64));
        }
        if count < LINE.len() {
            return Ok(None);
        }
        // The line may have begun at the end of what was read.
        from += (count + 1 - LINE.len()) as u64;
    }
}

fn place(bytes: &[u8]) -> Option<usize> {
    bytes.windows(LINE.len()).position(|window| window == LINE)
}
