//! Leakscope's own component in a project: what it needs, and what keeps it off.

use leakscope_project::{
    Additions, Build, DefaultsFile, Description, Examination, Link, Sdkconfig, State, Way,
    additions, examine,
};

use crate::{READY, way, ways};

/// Of a project with leakscope's component.
#[track_caller]
fn with_component(revision: &str, config: &str) -> Vec<Examination> {
    let description = Description {
        target: "esp32c3".to_owned(),
        revision: revision.to_owned(),
        components: vec!["heap".to_owned(), "leakscope".to_owned()],
        ..Description::default()
    };
    let config = Sdkconfig::parse(config.as_bytes());
    examine(&Build::of(&description, &config)).expect("a version that is known")
}

/// As Kconfig leaves it while nothing keeps the component off.
const COMPONENT: &str = "CONFIG_HEAP_TRACING_OFF=y\nCONFIG_LEAKSCOPE_ENABLE=y\nCONFIG_LEAKSCOPE_SINK_UART=y\n\
                         CONFIG_LEAKSCOPE_UART_TX_GPIO=6\nCONFIG_ESP_CONSOLE_UART_NUM=0\n";

#[test]
fn our_component_is_what_a_project_with_it_is_recorded_by() {
    let ways = with_component("v5.5.1", COMPONENT);
    let usual = Examination::usual(&ways).expect("a way");
    assert_eq!(usual.way, Way::Component);
    assert!(usual.is_best() && usual.is_chosen());
    assert_eq!(usual.calls, ["leakscope_esp_start"]);
    assert!(
        usual.notes[0].starts_with("the recording goes over UART 1: TX is GPIO 6, RX GPIO 5 "),
        "{:?}",
        usual.notes
    );
    // ESP-IDF's own tracing would switch it off: that has to be wanted.
    for way in ways
        .iter()
        .filter(|way| way.way != Way::Component && way.impossible.is_none())
    {
        assert!(
            way.options
                .iter()
                .any(|option| option.line() == "CONFIG_LEAKSCOPE_ENABLE=n"
                    && option.state == State::Missing),
            "{way:?}"
        );
    }
    // The console has its UART.
    let shared = COMPONENT.replace("CONSOLE_UART_NUM=0", "CONSOLE_UART_NUM=1");
    let ways = with_component("v5.5.1", &shared);
    let usual = Examination::usual(&ways).expect("a way");
    assert_eq!((usual.way, usual.missing()), (Way::Component, 1));
}

/// Kconfig is silent of what it depends on, and does not mention the component's option any more.
#[test]
fn what_keeps_our_component_off() {
    let off = |config: &str| {
        let ways = with_component("v5.5.1", config);
        let usual = Examination::usual(&ways).expect("a way");
        assert_eq!(usual.way, Way::Component, "{config}");
        let missing = usual
            .options
            .iter()
            .filter(|option| option.state == State::Missing);
        missing
            .map(leakscope_project::CheckedOption::line)
            .collect::<Vec<_>>()
    };
    let enable = "CONFIG_LEAKSCOPE_ENABLE=y";
    assert_eq!(
        off(
            "CONFIG_HEAP_TRACING_TOHOST=y\nCONFIG_APPTRACE_DEST_JTAG=y\nCONFIG_APPTRACE_SV_ENABLE=y\n"
        ),
        [
            "CONFIG_HEAP_TRACING_OFF=y",
            "CONFIG_APPTRACE_SV_ENABLE=n",
            enable
        ]
    );
    assert_eq!(
        off("CONFIG_HEAP_TRACING_OFF=y\nCONFIG_APPTRACE_SV_ENABLE=y\n"),
        ["CONFIG_APPTRACE_SV_ENABLE=n", enable]
    );
    // Who has switched it off by hand has chosen another way.
    let ways = with_component(
        "v5.3.2",
        &format!("{READY}# CONFIG_LEAKSCOPE_ENABLE is not set\n"),
    );
    let usual = Examination::usual(&ways).expect("a way");
    assert_eq!((usual.way, usual.is_ready()), (Way::Jtag, true));
}

/// Defaults that keep it off are told of while `sdkconfig` still has it on.
#[test]
fn defaults_that_would_switch_our_component_off() {
    let ways = with_component("v5.5.1", COMPONENT);
    let component = Examination::usual(&ways).expect("a way");
    let file = |text: &str| DefaultsFile {
        name: "defaults".to_owned(),
        text: text.to_owned(),
    };
    let found = additions(
        component,
        &[file(
            "CONFIG_HEAP_TRACING_TOHOST=y\nCONFIG_APPTRACE_SV_ENABLE=y\n",
        )],
    );
    let lines: Vec<usize> = found
        .conflicts
        .iter()
        .map(|conflict| conflict.line)
        .collect();
    assert_eq!((lines, found.lines.len()), (vec![1, 2], 0));
    let silent = additions(component, &[file("CONFIG_LEAKSCOPE_SINK_UART=y\n")]);
    assert_eq!(silent, Additions::default());
}

/// Where ESP-IDF has no call stacks, our component is what is advised; what is on is not asked for again.
#[test]
fn our_component_where_jtag_has_no_call_stacks() {
    let usual = |target: &str, revision: &str| {
        let ways = ways(target, revision, "CONFIG_HEAP_TRACING_OFF=y\n").expect("a version");
        Examination::usual(&ways).map(|usual| usual.way)
    };
    assert_eq!(usual("esp32c3", "v5.3"), Some(Way::Component));
    assert_eq!(usual("esp32c3", "v5.5"), Some(Way::Jtag));
    assert_eq!(usual("esp32", "v5.3"), Some(Way::Jtag));
    assert_eq!(usual("esp32c3", "v5.0"), Some(Way::Jtag));
    let component = way(
        "esp32c3",
        "v5.3",
        "CONFIG_HEAP_TRACING_OFF=y\n",
        Way::Component,
    );
    assert_eq!((component.missing(), component.steps.len()), (0, 1));
    assert!(!component.is_ready(), "it has to be named");
    assert!(way("esp32c3", "v5.3", "", Way::Jtag).limits[0].ends_with("(--way component)"));
    for too_old in [
        "v5.0",
        "v5.0.7",
        "v5.1",
        "v5.1.4-12-gabcdef0",
        "v5.2.2",
        "v4.4.8",
    ] {
        let impossible = way("esp32c3", too_old, "", Way::Component).impossible;
        assert!(
            impossible.is_some_and(|why| why.contains("5.1.5")),
            "{too_old}"
        );
        assert_ne!(usual("esp32c3", too_old), Some(Way::Component));
    }
    for new in ["v5.1.5", "5.2.3-dirty", "v5.3-rc1", "v5.3.1", "v6.0"] {
        assert_eq!(way("esp32c3", new, "", Way::Component).impossible, None);
    }
}

/// Where it sends a recording to.
#[test]
fn links_of_our_component() {
    let link = |config: &str| Link::of(&Sdkconfig::parse(config.as_bytes()));
    let uart = |config: &str| match link(config) {
        Link::Uart { number, uart } => (number, uart.tx, uart.rx, uart.baud),
        other => panic!("{other:?}"),
    };
    assert_eq!(uart(""), (1, 4, 5, 1_000_000));
    assert_eq!(
        uart(
            "CONFIG_LEAKSCOPE_SINK_UART=y\nCONFIG_LEAKSCOPE_UART_NUM=2\nCONFIG_LEAKSCOPE_UART_BAUD=115200\n"
        ),
        (2, 4, 5, 115_200)
    );
    for (config, expected) in [
        ("CONFIG_LEAKSCOPE_SINK_TCP=y\n", Link::Tcp(19111)),
        (
            "CONFIG_LEAKSCOPE_SINK_TCP=y\nCONFIG_LEAKSCOPE_TCP_PORT=7\n",
            Link::Tcp(7),
        ),
        (
            "CONFIG_LEAKSCOPE_SINK_USB_SERIAL_JTAG=y\n",
            Link::UsbSerialJtag,
        ),
        ("CONFIG_LEAKSCOPE_SINK_APPTRACE=y\n", Link::Apptrace),
        ("CONFIG_ESP_TRACE_LIB_EXTERNAL=y\n", Link::Apptrace),
        (
            "CONFIG_ESP_TRACE_LIB_EXTERNAL=y\nCONFIG_ESP_TRACE_TRANSPORT_USB_SERIAL_JTAG=y\n",
            Link::UsbSerialJtag,
        ),
    ] {
        assert_eq!(link(config), expected, "{config}");
    }
}
