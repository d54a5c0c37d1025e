//! An option of ESP-IDF's that a way of recording needs.

/// An option that has to have a value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) name: &'static str,
    pub(crate) value: &'static str,
    /// Other options that do as well, if they are on.
    pub(crate) or: &'static [&'static str],
    /// Options that are off if this is on: those of the same choice.
    pub(crate) rivals: &'static [&'static str],
    /// Why, as it is shown behind the line.
    pub(crate) why: &'static str,
}

pub(crate) const fn on(
    name: &'static str,
    rivals: &'static [&'static str],
    why: &'static str,
) -> Wanted {
    Wanted {
        name,
        value: "y",
        or: &[],
        rivals,
        why,
    }
}

pub(crate) const fn off(name: &'static str, why: &'static str) -> Wanted {
    Wanted {
        name,
        value: "n",
        or: &[],
        rivals: &[],
        why,
    }
}
