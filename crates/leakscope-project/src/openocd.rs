//! The arguments that OpenOCD is started with.

use crate::chip::Architecture;
use crate::chip::Chip;
use crate::description::Description;

/// As `idf.py openocd` starts it: as the description says (ESP-IDF 5.5, and late patches of 5.2 to 5.4), or else the usual
/// board of the chip, as `tools/idf_py_actions/constants.py` of 5.1 and `tools/cmake/openocd.cmake` of 6.1 name it.
pub fn arguments(description: &Description, chip: &Chip) -> Vec<String> {
    let said = words(&description.openocd_arguments);
    if !said.is_empty() {
        return said;
    }
    let board = match chip.target.as_str() {
        "esp32" => "board/esp32-wrover-kit-3.3v.cfg".to_owned(),
        "esp32s2" => "board/esp32s2-kaluga-1.cfg".to_owned(),
        target if chip.has_usb_serial_jtag == Some(true) => format!("board/{target}-builtin.cfg"),
        target => format!("board/{target}-ftdi.cfg"),
    };
    match chip.architecture {
        Architecture::Host => Vec::new(),
        _ => vec!["-f".to_owned(), board],
    }
}

/// Cuts a line as a shell does: at spaces, but for those in quotes or behind a backslash.
pub fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut characters = line.chars();
    while let Some(c) = characters.next() {
        match (c, quote) {
            ('\'' | '"', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (c, Some(open)) if c == open => quote = None,
            ('\\', None | Some('"')) => {
                let word = word.get_or_insert_default();
                word.extend(characters.next());
            }
            (c, None) if c.is_whitespace() => words.extend(word.take()),
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}
