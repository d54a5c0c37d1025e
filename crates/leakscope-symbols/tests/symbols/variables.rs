//! Variables, and what lies inside of them.

use std::process::Command;
use std::sync::Arc;

use crate::toolchain::{ARM, HOST, RISCV32, Toolchain, program, run};
use leakscope_symbols::{Machine, Symbols, ValueKind, Variable};
use leakscope_testing::needs::{has_tool, skip};

struct Program {
    symbols: Symbols,
    variables: Vec<Variable>,
}

impl Program {
    fn variable(&self, name: &str) -> &Variable {
        let mut named = self
            .variables
            .iter()
            .filter(|variable| variable.name.starts_with(name));
        named
            .next()
            .unwrap_or_else(|| panic!("{name} of {:?}", self.variables))
    }

    fn member(&self, name: &str, offset: u64) -> (String, ValueKind) {
        self.symbols.member_at(self.variable(name), offset)
    }
}

fn open(toolchain: Toolchain, flags: &[&str]) -> Option<Program> {
    if !toolchain.is_here() {
        return None;
    }
    let directory = tempfile::tempdir().unwrap();
    let elf = toolchain.build(directory.path(), "variables.c", flags);
    let symbols = Symbols::open(&elf).unwrap();
    let variables = symbols.variables();
    Some(Program { symbols, variables })
}

fn check(toolchain: Toolchain, word: u64, flags: &[&str]) {
    let Some(program) = open(toolchain, flags) else {
        return;
    };
    let table = program.variable("table");
    assert!(!table.is_constant);
    let file = table
        .file
        .as_deref()
        .map(|file: &str| file.ends_with("variables.c"));
    assert_eq!(file, Some(true));
    assert_eq!(program.variable("head").size, word);
    // Of a function, and with a name that no other one has.
    assert_eq!(program.variable("kept").size, 2 * word);

    let size = table.size / 4;
    let (pointer, other, float) = (ValueKind::Pointer, ValueKind::Other, ValueKind::Float);
    for (offset, member, kind) in [
        (0, "[0].tag", other),
        (size, "[1].tag", other),
        (size + word, "[1].heads[0].count", other),
        (size + 2 * word, "[1].heads[0].next", pointer),
        (3 * size + 6 * word, "[3].heads[2].next", pointer),
        // A member without a name has none.
        (8 * word, "[0].x", float),
        (8 * word + 4, "[0].y", float),
        (size - 8, "[0].grid[1][2]", float),
        (2 * size - 32, "[1].grid[0][2]", float),
    ] {
        assert_eq!(
            program.member("table", offset),
            (member.to_owned(), kind),
            "{offset}"
        );
    }
    assert_eq!(program.member("level", 0), (String::new(), float));
    assert_eq!(program.member("head", 0), (String::new(), pointer));

    let is_risc_v = program.symbols.machine() == Machine::RiscV32;
    // There, small constants lie among variables (.sdata).
    assert_eq!(program.variable("constant").is_constant, !is_risc_v);

    let sorted = program
        .variables
        .is_sorted_by(|a, b| a.address + a.size <= b.address);
    assert!(sorted, "{:?}", program.variables);
}

#[test]
fn have_members() {
    for version in ["-gdwarf-2", "-gdwarf-4", "-gdwarf-5"] {
        check(HOST, 8, &[version, "-O0"]);
        check(ARM, 4, &[version, "-O0"]);
        check(RISCV32, 4, &[version, "-O0"]);
    }
}

#[test]
fn are_known_without_debug_information() {
    let Some(program) = open(HOST, &["-O0"]) else {
        return;
    };
    let table = program.variable("table");
    assert_eq!((&*table.name, &table.file), ("table", &None::<Arc<str>>));
    assert_eq!(
        program.member("table", 8),
        (String::new(), ValueKind::Other)
    );
}

#[test]
fn have_their_own_names_where_llvm_has_merged_them() {
    for tool in ["clang", "arm-none-eabi-ld"] {
        if !has_tool(tool) {
            return skip(tool);
        }
    }
    let directory = tempfile::tempdir().unwrap();
    let [object, elf] = ["merged.o", "merged.elf"].map(|name| directory.path().join(name));
    run(Command::new("clang")
        .args([
            "--target=arm-none-eabi",
            "-mcpu=cortex-m3",
            "-O2",
            "-g",
            "-mglobal-merge",
            "-c",
        ])
        .arg(program("merged.c"))
        .arg("-o")
        .arg(&object));
    run(Command::new("arm-none-eabi-ld")
        .args(["-e", "entry", "-o"])
        .arg(&elf)
        .arg(&object));
    let symbols = Symbols::open(&elf).unwrap();
    assert!(
        symbols.symbol(".L_MergedGlobals").is_some(),
        "they are merged"
    );
    let variables = symbols.variables();
    let names: Vec<&str> = variables.iter().map(|variable| &*variable.name).collect();
    assert!(
        names.contains(&"first") && names.contains(&"second"),
        "{names:?}"
    );
    assert!(
        !names.iter().any(|name| name.starts_with(".L")),
        "{names:?}"
    );
}
