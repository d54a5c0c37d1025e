//! Tasks that are the same in all boots of a target.

use rustc_hash::FxHashMap;

/// Which tasks of one boot are which of the boots before: those of the same name, at the same address if one was there, and
/// otherwise in order. Tasks of the same name between the same two resets are different ones.
///
/// ```
/// use leakscope_analysis::trace::Namesakes;
/// let mut tasks = Namesakes::default();
/// assert_eq!(tasks.number("worker", 0x3ffb_1000, 0, || 7), 7);
/// assert_eq!(tasks.number("worker", 0x3ffb_2000, 0, || 8), 8);
/// // After a reset, the second one runs first; and after another one, both lie elsewhere.
/// assert_eq!(tasks.number("worker", 0x3ffb_2000, 1, || 9), 8);
/// assert_eq!(tasks.number("worker", 0x3ffb_1000, 1, || 9), 7);
/// assert_eq!(tasks.number("worker", 0x3ffb_3000, 2, || 9), 7);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Namesakes(FxHashMap<String, Vec<Known>>);

/// One task in all boots.
#[derive(Clone, Copy, Debug)]
struct Known {
    number: usize,
    /// In the boot in which it was seen last.
    address: u64,
    /// The resets before that.
    resets: u32,
}

impl Namesakes {
    /// The number of a task that was seen after so many resets: that of the one that it was before, or else a `new` one.
    pub fn number(
        &mut self,
        name: &str,
        address: u64,
        resets: u32,
        new: impl FnOnce() -> usize,
    ) -> usize {
        if let Some(known) = self.0.get_mut(name) {
            let is_before = |known: &Known| known.resets < resets;
            let is_same = |known: &Known| is_before(known) && known.address == address;
            let place = known.iter().position(is_same);
            if let Some(place) = place.or_else(|| known.iter().position(is_before)) {
                (known[place].address, known[place].resets) = (address, resets);
                return known[place].number;
            }
        }
        let number = new();
        self.add(name, address, resets, number);
        number
    }

    /// A task that has its number already.
    pub fn add(&mut self, name: &str, address: u64, resets: u32, number: usize) {
        self.0.entry(name.to_owned()).or_default().push(Known {
            number,
            address,
            resets,
        });
    }
}
