//! The one recorder of a program, which allocators, hooks and C reach without being handed it.

use crate::event::Recorder;

/// Makes a static the program's recorder, for [`Traced`](crate::Traced), the hooks, the logger and C.
///
/// It defines one function, which everything else of this crate links to; a program that uses any of
/// them must say this exactly once. With link-time optimisation the call through it costs nothing.
///
/// ```
/// use leakscope_recorder::{platform::Silent, standalone::RecordBuffer};
///
/// static RECORDER: RecordBuffer<8> = RecordBuffer::new(Silent);
/// leakscope_recorder::global_recorder!(RECORDER);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! global_recorder {
    ($recorder:path) => {
        const _: () = {
            // SAFETY: the name is this crate's own, and nobody else defines it.
            #[unsafe(no_mangle)]
            fn _leakscope_recorder() -> &'static dyn $crate::Recorder {
                &$recorder
            }
        };
    };
}

unsafe extern "Rust" {
    safe fn _leakscope_recorder() -> &'static dyn Recorder;
}

/// The recorder that [`global_recorder!`](crate::global_recorder) named.
#[inline]
pub fn recorder() -> &'static dyn Recorder {
    _leakscope_recorder()
}
