//! Descriptions of FreeRTOS, for traces that come without a description file.
//!
//! Both tables hold facts (ids, names of functions and of their parameters) in the grammar of
//! description files, so that one parser reads all there is. Pointers are shown in hexadecimal, and values
//! that FreeRTOS has names for (`portMAX_DELAY`, `eSetBits`) with them. Neither describes the heap events
//! of a module: those are dialects, not descriptions.

use std::sync::OnceLock;

use super::file::DescriptionFile;

const ESP_IDF: &str = include_str!("built_in/esp_idf_freertos.txt");
const SEGGER: &str = include_str!("built_in/segger_freertos.txt");

/// FreeRTOS as ESP-IDF numbers it (esp-idf, `tools/esp_app_trace/SYSVIEW_FreeRTOS.txt`).
pub fn esp_idf_freertos() -> &'static DescriptionFile {
    static TABLE: OnceLock<DescriptionFile> = OnceLock::new();
    TABLE.get_or_init(|| DescriptionFile::parse(ESP_IDF).0)
}

/// FreeRTOS as SEGGER's recorders number it: ids 33 to 144 for versions up to V10 (and V11 with its older
/// trace macros), 150 to 332 for V11.
pub fn freertos() -> &'static DescriptionFile {
    static TABLE: OnceLock<DescriptionFile> = OnceLock::new();
    TABLE.get_or_init(|| DescriptionFile::parse(SEGGER).0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_have_no_problems() {
        for table in [ESP_IDF, SEGGER] {
            let (_, problems) = DescriptionFile::parse(table);
            assert!(problems.is_empty(), "{problems:?}");
        }
    }
}
