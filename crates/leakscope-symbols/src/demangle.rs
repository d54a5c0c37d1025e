//! Names as a person wrote them.

use std::fmt::{self, Write};

/// A mangled name longer than this stays as it is.
const LONGEST_MANGLED: usize = 16 << 10;
/// A demangled name longer than this is given up: a mangled name of a few bytes can stand for one
/// of gigabytes, since both schemes may repeat what was there before.
const LONGEST_DEMANGLED: usize = 16 << 10;

/// `name` demangled if it is a mangled Rust or C++ name: Rust without its hash, C++ with its
/// parameters.
pub fn demangle(name: &str) -> Option<String> {
    if name.len() > LONGEST_MANGLED {
        return None;
    }
    let mut output = Bounded(String::new());
    if let Ok(rust) = rustc_demangle::try_demangle(name) {
        write!(output, "{rust:#}").ok()?;
    } else if name.starts_with("_Z") {
        let symbol = cpp_demangle::Symbol::new(name).ok()?;
        // `Pool<4>`, not `Pool<(unsigned int)4>`.
        let options = cpp_demangle::DemangleOptions::default().hide_expression_literal_types();
        symbol.structured_demangle(&mut output, &options).ok()?;
    } else {
        return None;
    }
    Some(output.0)
}

/// Text that refuses to grow beyond [`LONGEST_DEMANGLED`].
struct Bounded(String);

impl fmt::Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.0.len() + text.len() > LONGEST_DEMANGLED {
            return Err(fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::demangle;

    #[test]
    fn rust_names_lose_their_hash() {
        let legacy = "_ZN3app4heap5Arena4take17h0123456789abcdefE";
        assert_eq!(demangle(legacy).as_deref(), Some("app::heap::Arena::take"));
        let v0 = "_RNvNtCs1234_7mycrate3foo3bar";
        assert_eq!(demangle(v0).as_deref(), Some("mycrate::foo::bar"));
    }

    #[test]
    fn cpp_names_keep_their_parameters() {
        let constructor = "_ZN5ArenaC1Ejb";
        assert_eq!(
            demangle(constructor).as_deref(),
            Some("Arena::Arena(unsigned int, bool)")
        );
    }

    #[test]
    fn other_names_are_left_alone() {
        for name in [
            "",
            "main",
            "_start",
            "_Z",
            "_R",
            "_ZZZZ",
            "heap_caps_malloc",
        ] {
            assert_eq!(demangle(name), None);
        }
    }

    #[test]
    fn a_name_that_doubles_at_each_step_is_given_up() {
        // Each parameter is a pair of the type before: 2^40 names in some hundred bytes.
        let mut name = String::from("_Z1f1A");
        let mut previous = "S_".to_owned();
        for step in 0_u32..40 {
            write_pair(&mut name, &previous);
            previous = format!("S{}_", base36(step * 2 + 1));
        }
        assert_eq!(demangle(&name), None);
    }

    fn write_pair(name: &mut String, of: &str) {
        name.push_str("1PI");
        name.push_str(of);
        name.push_str(of);
        name.push('E');
    }

    fn base36(number: u32) -> String {
        let digit = |value: u32| char::from_digit(value, 36).unwrap().to_ascii_uppercase();
        if number < 36 {
            digit(number).to_string()
        } else {
            format!("{}{}", digit(number / 36), digit(number % 36))
        }
    }
}
