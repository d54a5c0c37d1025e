//! What builds of each version of ESP-IDF say, and what is made of it.

mod component;
mod defaults;

use leakscope_project::openocd::words;
use leakscope_project::{
    Additions, Architecture, Build, DefaultsFile, Description, Examination, Sdkconfig, State,
    UnknownVersion, Version, Way, additions, examine,
};
use proptest::prelude::*;

fn ways(target: &str, revision: &str, config: &str) -> Result<Vec<Examination>, UnknownVersion> {
    let description = Description {
        target: target.to_owned(),
        revision: revision.to_owned(),
        ..Description::default()
    };
    examine(&Build::of(
        &description,
        &Sdkconfig::parse(config.as_bytes()),
    ))
}

#[track_caller]
fn way(target: &str, revision: &str, config: &str, way: Way) -> Examination {
    let ways = ways(target, revision, config).expect("a version that is known");
    ways.into_iter()
        .find(|examined| examined.way == way)
        .expect("each way")
}

/// All lines that a way needs of an empty `sdkconfig`.
#[track_caller]
fn lines(target: &str, revision: &str, wanted: Way) -> Vec<String> {
    let examined = way(target, revision, "", wanted);
    assert_eq!(examined.impossible, None);
    let missing = examined.options.iter();
    let missing = missing.filter(|option| option.state != State::On);
    missing
        .map(leakscope_project::CheckedOption::line)
        .collect()
}

const DEPTH: &str = "CONFIG_HEAP_TRACING_STACK_DEPTH=10";
const TO_HOST: &str = "CONFIG_HEAP_TRACING_TOHOST=y";
const FRAME_POINTER: &str = "CONFIG_ESP_SYSTEM_USE_FRAME_POINTER=y";

#[test]
fn jtag_by_version() {
    let jtag = "CONFIG_APPTRACE_DEST_JTAG=y";
    let systemview = "CONFIG_APPTRACE_SV_ENABLE=y";
    let sv_jtag = "CONFIG_APPTRACE_SV_DEST_JTAG=y";
    assert_eq!(
        lines("esp32", "v4.4.8", Way::Jtag),
        [jtag, systemview, TO_HOST, DEPTH]
    );
    assert_eq!(
        lines("esp32s3", "v5.3.2", Way::Jtag),
        [jtag, systemview, sv_jtag, TO_HOST, DEPTH]
    );
    // Frame pointers came with 5.5; before, there is no depth on RISC-V.
    assert_eq!(
        lines("esp32c3", "v5.4.4", Way::Jtag),
        [jtag, systemview, sv_jtag, TO_HOST]
    );
    assert_eq!(
        lines("esp32c3", "v5.5", Way::Jtag),
        [jtag, systemview, sv_jtag, TO_HOST, FRAME_POINTER, DEPTH]
    );
    let library = "CONFIG_ESP_TRACE_LIB_EXTERNAL=y";
    let transport = "CONFIG_ESP_TRACE_TRANSPORT_APPTRACE=y";
    assert_eq!(
        lines("esp32c6", "v6.0.1", Way::Jtag),
        [library, transport, jtag, TO_HOST, FRAME_POINTER, DEPTH]
    );
}

#[test]
fn the_other_ways_by_version() {
    assert_eq!(
        lines("esp32", "v5.1.2", Way::Uart),
        [
            "CONFIG_APPTRACE_DEST_UART1=y",
            "CONFIG_APPTRACE_SV_ENABLE=y",
            "CONFIG_APPTRACE_SV_DEST_UART=y",
            TO_HOST,
            DEPTH
        ]
    );
    assert_eq!(
        lines("esp32", "v6.1", Way::Uart),
        [
            "CONFIG_ESP_TRACE_LIB_EXTERNAL=y",
            "CONFIG_ESP_TRACE_TRANSPORT_APPTRACE=y",
            "CONFIG_APPTRACE_DEST_UART=y",
            TO_HOST,
            DEPTH
        ]
    );
    assert_eq!(
        lines("esp32c3", "v6.1", Way::UsbSerialJtag),
        [
            "CONFIG_ESP_CONSOLE_SECONDARY_NONE=y",
            "CONFIG_ESP_TRACE_LIB_EXTERNAL=y",
            "CONFIG_ESP_TRACE_TRANSPORT_USB_SERIAL_JTAG=y",
            TO_HOST,
            FRAME_POINTER,
            DEPTH
        ]
    );
    assert_eq!(
        lines("esp32s2", "v4.4", Way::Console),
        ["CONFIG_HEAP_TRACING_STANDALONE=y", DEPTH]
    );
}

#[test]
fn what_cannot_be() {
    let why = |target, revision, wanted| way(target, revision, "", wanted).impossible;
    assert_eq!(
        why("esp32", "v4.4.1", Way::Uart),
        Some("ESP-IDF traces over a UART from 5.0 on")
    );
    assert_eq!(
        why("esp32c3", "v6.0", Way::UsbSerialJtag),
        Some("ESP-IDF traces over USB-Serial-JTAG from 6.1 on")
    );
    assert_eq!(
        why("esp32", "v6.1", Way::UsbSerialJtag),
        Some("the chip has no USB-Serial-JTAG")
    );
    for wanted in Way::ALL {
        assert!(why("linux", "v6.1", wanted).is_some());
    }
    let too_old = Version {
        major: 4,
        minor: 3,
        patch: 7,
    };
    assert_eq!(
        ways("esp32", "v4.3.7", "").unwrap_err(),
        UnknownVersion::TooOld(too_old)
    );
    assert_eq!(
        ways("esp32", "3f2a9c1", "").unwrap_err(),
        UnknownVersion::NotSaid
    );
}

#[test]
fn the_version_is_said_in_several_places() {
    let version = |revision: &str, config: &str| {
        let description = Description {
            revision: revision.to_owned(),
            ..Description::default()
        };
        let config = Sdkconfig::parse(config.as_bytes());
        let version = Build::of(&description, &config).version;
        version.map(|version| version.to_string())
    };
    let header = "#\n# Automatically generated file. DO NOT EDIT.\n# Espressif IoT Development Framework (ESP-IDF) 5.5.0 \
                  Project Configuration\n#\nCONFIG_IDF_INIT_VERSION=\"5.2.1\"\n";
    for (revision, config, expected) in [
        ("v5.3.2", header, Some("5.3")),
        ("5.1.4-dirty", "", Some("5.1")),
        ("v6.1-beta1-301-g0a1b2c3d", "", Some("6.1")),
        // A commit of a clone without tags.
        ("1a2b3c4", header, Some("5.5")),
        ("HEAD-HASH-NOTFOUND", header, Some("5.5")),
        ("", "CONFIG_IDF_INIT_VERSION=\"5.2.1\"", Some("5.2")),
        ("v99999999.1", "", None),
        ("v5.", "", None),
        ("", "", None),
    ] {
        assert_eq!(
            version(revision, config).as_deref(),
            expected,
            "`{revision}`"
        );
    }
}

#[test]
fn chips() {
    let chip = |target: &str, config: &str| {
        let description = Description {
            target: target.to_owned(),
            ..Description::default()
        };
        let config = Sdkconfig::parse(config.as_bytes());
        Build::of(&description, &config).chip
    };
    assert_eq!(
        chip("esp32", "").to_string(),
        "esp32 (Xtensa, 2 cores)",
        "4.4 says no more"
    );
    assert_eq!(
        chip("esp32", "CONFIG_FREERTOS_UNICORE=y").to_string(),
        "esp32 (Xtensa, 1 core)"
    );
    let p4 = "CONFIG_IDF_TARGET=\"esp32p4\"\nCONFIG_IDF_TARGET_ARCH_RISCV=y\nCONFIG_SOC_CPU_CORES_NUM=2\n\
              CONFIG_SOC_USB_SERIAL_JTAG_SUPPORTED=y\n";
    assert_eq!(chip("esp32", p4).to_string(), "esp32p4 (RISC-V, 2 cores)");
    assert_eq!(chip("esp32", p4).has_usb_serial_jtag, Some(true));
    // Without sdkconfig, what the chip is known to have.
    for target in ["c3", "c5", "c6", "c61", "h2", "h4", "p4", "s3"] {
        let known = chip(&format!("esp32{target}"), "");
        assert_eq!(known.has_usb_serial_jtag, Some(true), "{target}");
        let cores = if ["h4", "p4", "s3"].contains(&target) {
            2
        } else {
            1
        };
        assert_eq!(known.cores, Some(cores), "{target}");
    }
    for target in ["esp32", "esp32s2", "esp32c2"] {
        assert_eq!(
            chip(target, "").has_usb_serial_jtag,
            Some(false),
            "{target}"
        );
    }
    // Of a chip that is not listed, nothing is said before sdkconfig says it.
    let unknown = chip("esp32x9", "");
    assert!(!unknown.is_known && !chip("ESP32C3", "").is_known);
    assert!(chip("esp32c3", "").is_known && chip("linux", "").is_known);
    assert!(chip("esp32x9", "CONFIG_IDF_TARGET_ARCH_RISCV=y\n").is_known);
    assert_eq!((unknown.cores, unknown.has_usb_serial_jtag), (None, None));
    let said = chip("esp32x9", "CONFIG_SOC_CPU_CORES_NUM=1\n");
    assert_eq!(
        (said.cores, said.has_usb_serial_jtag),
        (Some(1), Some(false))
    );
    let usb = way("esp32x9", "v6.1", "", Way::UsbSerialJtag);
    assert_eq!(usb.impossible, None);
    assert!(
        usb.notes
            .iter()
            .any(|note| note.contains("not known until"))
    );
    assert_eq!(chip("esp32c3", "").architecture, Architecture::RiscV);
    assert_eq!(
        chip("esp32c3", "CONFIG_SOC_CPU_CORES_NUM=0").cores,
        Some(1),
        "a core at least"
    );
    assert_eq!(chip("linux", "").to_string(), "linux (this computer)");
}

/// The example of ESP-IDF 5.3, as its build writes it.
const READY: &str = "CONFIG_APPTRACE_DEST_JTAG=y\n# CONFIG_APPTRACE_DEST_NONE is not set\nCONFIG_APPTRACE_SV_ENABLE=y\n\
                     CONFIG_APPTRACE_SV_DEST_JTAG=y\nCONFIG_HEAP_TRACING_TOHOST=y\nCONFIG_HEAP_TRACING_STACK_DEPTH=10\n";

#[test]
fn a_build_that_is_ready() {
    let jtag = way("esp32", "v5.3.2", READY, Way::Jtag);
    assert!(jtag.is_ready() && jtag.is_best());
    assert_eq!(jtag.notes, [""; 0]);
    assert_eq!(jtag.calls, ["heap_trace_init_tohost", "heap_trace_start"]);
    assert_eq!(additions(&jtag, &[]), Additions::default());
    let shallow = READY.replace("DEPTH=10", "DEPTH=2");
    let jtag = way("esp32", "v5.3.2", &shallow, Way::Jtag);
    assert!(jtag.is_ready() && !jtag.is_best());
    let none = READY.replace("DEPTH=10", "DEPTH=0");
    assert!(!way("esp32", "v5.3.2", &none, Way::Jtag).is_ready());
    let deep = READY.replace("DEPTH=10", "DEPTH=32");
    assert!(way("esp32", "v5.3.2", &deep, Way::Jtag).is_best());
    // Power management hides JTAG from 5.0 on.
    let saving = format!("{READY}CONFIG_PM_ENABLE=y\n");
    let jtag = way("esp32", "v5.3.2", &saving, Way::Jtag);
    assert_eq!(jtag.missing(), 1);
    assert!(way("esp32", "v4.4.2", &saving, Way::Jtag).is_ready());
    // The processor's own trace has the memory.
    let traced = format!("{READY}CONFIG_ESP32_TRAX=y\n");
    assert_eq!(way("esp32", "v5.3.2", &traced, Way::Jtag).missing(), 1);
}

#[test]
fn the_usual_way() {
    let usual = |target: &str, revision: &str, config: &str| {
        let ways = ways(target, revision, config).expect("a version that is known");
        Examination::usual(&ways).map(|usual| usual.way)
    };
    assert_eq!(usual("esp32", "v5.3", ""), Some(Way::Jtag));
    assert_eq!(usual("esp32", "v5.3", READY), Some(Way::Jtag));
    let standalone = "CONFIG_HEAP_TRACING_STANDALONE=y\nCONFIG_HEAP_TRACING_STACK_DEPTH=10\n";
    assert_eq!(usual("esp32", "v5.3", standalone), Some(Way::Console));
    assert_eq!(usual("linux", "v5.3", ""), None);
}

/// Without call stacks, something is recorded.
#[test]
fn what_is_required() {
    let jtag = way("esp32c3", "v5.5", "", Way::Jtag);
    let optional = jtag.options.iter().filter(|option| !option.required);
    let optional: Vec<String> = optional
        .map(leakscope_project::CheckedOption::line)
        .collect();
    assert_eq!(optional, [FRAME_POINTER, DEPTH]);
}

/// What does as well as the usual option is as good, and is what is shown.
#[test]
fn other_ports() {
    let config = "CONFIG_APPTRACE_DEST_UART2=y\nCONFIG_APPTRACE_SV_ENABLE=y\nCONFIG_APPTRACE_SV_DEST_UART=y\n\
                  CONFIG_HEAP_TRACING_TOHOST=y\nCONFIG_HEAP_TRACING_STACK_DEPTH=2\n";
    let uart = way("esp32", "v5.3", config, Way::Uart);
    assert_eq!(uart.options[0].line(), "CONFIG_APPTRACE_DEST_UART2=y");
    assert!(uart.is_ready());
    let console = "CONFIG_ESP_CONSOLE_UART_NUM=1\n";
    let uart = way("esp32", "v5.3", console, Way::Uart);
    assert_eq!(uart.options[0].line(), "CONFIG_APPTRACE_DEST_UART0=y");
    let uart = way("esp32", "v6.1", console, Way::Uart);
    let line = "CONFIG_APPTRACE_DEST_UART_NUM=0";
    assert!(uart.options.iter().any(|option| option.line() == line));
    let all = "CONFIG_APPTRACE_DEST_ALL=y\n";
    let jtag = way("esp32", "v6.1", all, Way::Jtag);
    assert_eq!(
        (jtag.options[2].name, jtag.options[2].state),
        ("APPTRACE_DEST_ALL", State::On)
    );
}

/// The pins are the build's, and those that the chip has for something else are named.
#[test]
fn pins_of_a_uart() {
    let notes = |target: &str, config: &str| way(target, "v5.3", config, Way::Uart).notes;
    let chosen = "CONFIG_APPTRACE_UART_TX_GPIO=4\nCONFIG_APPTRACE_UART_RX_GPIO=5\nCONFIG_APPTRACE_UART_BAUDRATE=921600\n";
    let said = notes("esp32c3", chosen);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].starts_with("TX is GPIO 4, RX GPIO 5 "), "{said:?}");
    assert!(said[0].contains(", 921600 baud"), "{said:?}");
    for (target, owner) in [
        (
            "esp32",
            "GPIO 12 belongs to JTAG and straps the flash's voltage, GPIO 13 belongs to JTAG",
        ),
        (
            "esp32c2",
            "GPIO 12 belongs to the SPI flash, GPIO 13 belongs to the SPI flash",
        ),
        (
            "esp32c3",
            "GPIO 12 belongs to the SPI flash, GPIO 13 belongs to the SPI flash",
        ),
        ("esp32c6", "GPIO 12 belongs to USB, GPIO 13 belongs to USB"),
        ("esp32c61", "GPIO 12 belongs to USB, GPIO 13 belongs to USB"),
    ] {
        let said = notes(target, "");
        assert!(
            said[0].starts_with("TX is GPIO 12, RX GPIO 13 "),
            "{said:?}"
        );
        assert!(said[1].contains(owner), "{said:?}");
    }
    let half = notes("esp32c5", "");
    let expected = "on esp32c5, GPIO 13 belongs to USB: choose other pins in menuconfig";
    assert_eq!(half[1], expected);
    assert_eq!(notes("esp32s3", "").len(), 1);
}

/// From 6.0 on, SystemView is a component.
#[test]
fn the_component() {
    let step = ["idf.py add-dependency \"espressif/esp_sysview^1\""];
    assert_eq!(way("esp32", "v6.0", "", Way::Jtag).steps, step);
    assert_eq!(way("esp32", "v6.0", "", Way::Console).steps, [""; 0]);
    let with = "CONFIG_SEGGER_SYSVIEW_MAX_TASKS=16\n";
    assert_eq!(way("esp32", "v6.0", with, Way::Jtag).steps, [""; 0]);
    let description = Description {
        components: vec!["espressif__esp_sysview".to_owned()],
        revision: "v6.0".to_owned(),
        ..Description::default()
    };
    let config = Sdkconfig::default();
    let ways = examine(&Build::of(&description, &config)).expect("a version that is known");
    assert_eq!(ways[0].steps, [""; 0]);
}

#[test]
fn what_has_to_be_known() {
    let riscv = way("esp32c3", "v5.3", "", Way::Jtag);
    assert!(riscv.limits[0].starts_with("no call stacks"));
    let cores = way("esp32", "v5.3", "", Way::Uart);
    assert!(cores.limits[0].starts_with("of several cores"));
    assert_eq!(way("esp32", "v5.3", "", Way::Jtag).limits, [""; 0]);
    let newer = way("esp32", "v7.0", "", Way::Console);
    assert!(newer.notes[0].starts_with("this ESP-IDF is newer"));
    assert!(newer.calls.contains(&"heap_trace_dump"));
}

#[test]
fn descriptions() {
    let parse = |json: &str| Description::parse(json.as_bytes());
    let empty = parse("{}").expect("an object");
    assert_eq!(empty, Description::default());
    let description = parse(
        r#"{"version": "1.2", "app_elf": "an app.elf", "config_defaults": "/a/sdkconfig.defaults;; b ",
            "all_component_info": {"x": [1, 2, {"y": null}]}, "debug_arguments_openocd": "-f board/a.cfg"}"#,
    )
    .expect("an object");
    assert_eq!(description.app_elf, "an app.elf");
    let defaults: Vec<&str> = description.defaults().collect();
    assert_eq!(defaults, ["/a/sdkconfig.defaults", "b"]);
    for wrong in ["", "[]", "{\"app_elf\": 1}", "{\"app_elf\": \"x\"", "null"] {
        let error = parse(wrong).unwrap_err().to_string();
        assert!(
            error.starts_with("it is no description of a project"),
            "{error}"
        );
    }
    let bytes = Description::parse(b"\xEF\xBB\xBF{\"target\": \"esp\xFF32\"}").expect("an object");
    assert_eq!(bytes.target, "esp\u{fffd}32");
}

#[test]
fn arguments_of_openocd() {
    let arguments = |target: &str, said: &str| {
        let description = Description {
            target: target.to_owned(),
            openocd_arguments: said.to_owned(),
            ..Description::default()
        };
        let config = Sdkconfig::default();
        let chip = Build::of(&description, &config).chip;
        leakscope_project::openocd::arguments(&description, &chip)
    };
    assert_eq!(
        arguments(
            "esp32c3",
            "-f 'board/my board.cfg' -c \"adapter speed 5000\""
        ),
        ["-f", "board/my board.cfg", "-c", "adapter speed 5000"]
    );
    assert_eq!(
        arguments("esp32", " "),
        ["-f", "board/esp32-wrover-kit-3.3v.cfg"]
    );
    assert_eq!(
        arguments("esp32c3", ""),
        ["-f", "board/esp32c3-builtin.cfg"]
    );
    assert_eq!(arguments("esp32c2", ""), ["-f", "board/esp32c2-ftdi.cfg"]);
    assert_eq!(
        words(r#"a\ b "c \" d" '' x'y'"#),
        ["a b", "c \" d", "", "xy"]
    );
    assert_eq!(words("open 'to the end"), ["open", "to the end"]);
}

proptest! {
    /// A file is read whatever it holds, and what is to be added is added once: with the lines, nothing is left to add.
    #[test]
    fn any_bytes(config: Vec<u8>, defaults: String, minor in 0_u16..8, major in 4_u16..8) {
        let _ = Description::parse(&config);
        let config = Sdkconfig::parse(&config);
        let description = Description { revision: format!("v{major}.{minor}"), ..Description::default() };
        for way in examine(&Build::of(&description, &config)).unwrap_or_default() {
            let mut file = DefaultsFile { name: String::new(), text: defaults.clone() };
            let first = additions(&way, std::slice::from_ref(&file));
            file.text = format!("{}\n{}\n", file.text, first.lines.join("\n"));
            let second = additions(&way, std::slice::from_ref(&file));
            prop_assert_eq!(second.lines.len(), 0);
            prop_assert_eq!(second.conflicts.len(), first.conflicts.len());
        }
    }

    /// What is set on a line is what is read.
    #[test]
    fn any_option(name in "[A-Z0-9_]{1,20}", value in "[a-z0-9 ./]{0,12}", is_quoted: bool) {
        let quote = if is_quoted { "\"" } else { "" };
        let text = format!("# {name}\n CONFIG_{name}={quote}{value}{quote}\r\n");
        let config = Sdkconfig::parse(text.as_bytes());
        let expected = if is_quoted { value.as_str() } else { value.trim() };
        prop_assert_eq!(config.get(&name), Some(expected));
    }

    /// Words without quotes and spaces stay as they are.
    #[test]
    fn any_words(line in "[a-z/. -]{0,40}") {
        let expected: Vec<&str> = line.split_whitespace().collect();
        prop_assert_eq!(words(&line), expected);
    }
}
