//! Names that the Rust compiler mangles, and calls that it inlines.
use std::hint::black_box;

struct Arena<T>(Vec<T>);

impl<T: Clone> Arena<T> {
    #[inline(never)]
    fn take(&mut self, value: &T) -> Option<&T> {
        self.0.push(value.clone());
        black_box(&mut self.0).last()
    }

    #[inline(always)]
    fn take_twice(&mut self, value: &T) {
        black_box(self.take(value));
        black_box(self.take(value));
    }
}

trait Give {
    fn give(&self);
}

impl Give for Arena<String> {
    #[inline(never)]
    fn give(&self) {
        self.0.iter().for_each(|text| {
            black_box(text.len());
            kept::keep(text);
        });
    }
}

mod kept {
    use std::hint::black_box;

    #[inline(never)]
    pub fn keep(text: &str) {
        black_box(text.to_owned());
    }
}

fn main() {
    let mut arena = Arena(Vec::new());
    arena.take_twice(&black_box("a").to_owned());
    let give: &dyn Give = black_box(&arena);
    give.give();
}
