//! Files that somebody put one behind the other, as `cat` does: a header in the middle of a file says so.

use std::io;

use leakscope_analysis::trace::HEAD;
use leakscope_capture::Input;
use leakscope_systemview::Header;

/// How the header of a file begins, whoever wrote it. What is added to a recording later has none.
const HEADERS: [&[u8]; 2] = [b";\n; Version ", b";\n; Author  "];
/// How long that is, in bytes.
const LENGTH: usize = HEADERS[0].len();

/// Where the header of another recording is in a file that begins with one; `None` if it is one recording.
///
/// # Errors
/// Those of reading.
pub(crate) fn find(input: &mut Input) -> io::Result<Option<u64>> {
    // With that of a file that was recorded, which stands right behind it.
    let own = Header::parse(&input.head(HEAD)?).data;
    if own == 0 {
        return Ok(None);
    }
    let mut from = own as u64;
    let mut bytes = vec![0; 1 << 20];
    loop {
        let count = input.read_at(from, &mut bytes)?;
        if let Some(place) = place(&bytes[..count]) {
            return Ok(Some(from + place as u64));
        }
        if count < LENGTH {
            return Ok(None);
        }
        // A header may have begun at the end of what was read.
        from += (count + 1 - LENGTH) as u64;
    }
}

fn place(bytes: &[u8]) -> Option<usize> {
    let mut windows = bytes.windows(LENGTH);
    windows.position(|window| HEADERS.contains(&window))
}
