//! What a file is: a core dump, in whatever it is packed.

use super::{Image, ImageError, console, elf, esp_idf, zephyr};

/// Reads a file, whatever it is: a core dump (ELF), ESP-IDF's or Zephyr's, or a console's log in which one of those
/// was printed. Raw memory says nothing of itself: [`Image::of_pieces`].
///
/// # Errors
/// If it is none of them.
pub fn read(file: Vec<u8>) -> Result<Image, ImageError> {
    if file.starts_with(elf::MAGIC) {
        return elf::read(file);
    }
    if file.starts_with(zephyr::MAGIC) {
        return Ok(zephyr::read(&file));
    }
    if let Some(container) = esp_idf::Container::recognise(&file) {
        return container?.open(&file);
    }
    console::read(&file).unwrap_or(Err(ImageError::Unknown))
}
