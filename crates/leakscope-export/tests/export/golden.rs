//! One recording in each format: files that people read when something has changed.
//!
//! `LEAKSCOPE_BLESS=1` writes them anew.

use std::fmt::Write as _;
use std::fs;
use std::io::Read;
use std::path::Path;

use leakscope_export::{Format, Options, Selection, Table, Value};

use crate::made::{Made, PROGRAM, everything};
use crate::protobuf::Message;

#[track_caller]
fn check(name: &str, actual: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/export/golden");
    let path = folder.join(name);
    if std::env::var_os("LEAKSCOPE_BLESS").is_some() {
        fs::create_dir_all(folder).unwrap();
        fs::write(path, actual).unwrap();
        return;
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        actual == expected,
        "{name} is different now; LEAKSCOPE_BLESS=1 writes it anew:\n{actual}"
    );
}

fn made() -> Made {
    Made::new(&everything(), PROGRAM)
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

#[test]
fn folded() {
    let all = Value::ALL.iter().map(|&value| {
        let stacks = made().folded(value, Selection::default());
        format!("--value {}\n{stacks}\n", value.name())
    });
    check("folded.txt", &all.collect::<String>());
}

#[test]
fn pprof() {
    let mut profile = Vec::new();
    let packed = made().export(Format::Pprof);
    flate2::read::GzDecoder::new(packed.as_slice())
        .read_to_end(&mut profile)
        .unwrap();
    check("pprof.txt", &Message::read(&profile).unwrap().text());
}

#[test]
fn perfetto() {
    let trace = made().export(Format::Perfetto);
    check("perfetto.txt", &Message::read(&trace).unwrap().text());
}

#[test]
fn heaptrack() {
    check("heaptrack.txt", &text(made().export(Format::Heaptrack)));
}

#[test]
fn tables() {
    for &table in Table::ALL {
        for format in [Format::Csv, Format::JsonLines] {
            let name = format!("{}.{}", table.name(), format.name());
            let rows = text(made().table(format, table));
            check(&name, &rows.replace("\r\n", "\n"));
        }
    }
}

/// A file holds the version of what wrote it; the schema and the rows that are read back do not.
#[cfg(feature = "parquet")]
#[test]
fn parquet() {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::schema::printer::print_schema;
    use std::io::Write as _;

    for &table in Table::ALL {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&made().table(Format::Parquet, table))
            .unwrap();
        let reader = SerializedFileReader::new(file).unwrap();
        let mut read = Vec::new();
        print_schema(&mut read, reader.metadata().file_metadata().schema());
        for row in reader.get_row_iter(None).unwrap() {
            writeln!(read, "{}", row.unwrap()).unwrap();
        }
        check(&format!("{}.parquet.txt", table.name()), &text(read));
    }
}

#[test]
fn what_is_lost() {
    let mut losses = String::new();
    let formats = [
        Format::Perfetto,
        Format::Pprof,
        Format::Heaptrack,
        Format::Folded,
        Format::Csv,
    ];
    for format in formats {
        let (_, lost) = made().part(format, Options::default(), Selection::default());
        for loss in lost {
            let _ = writeln!(losses, "{}: {loss}", format.name());
        }
    }
    check("losses.txt", &losses);
}
