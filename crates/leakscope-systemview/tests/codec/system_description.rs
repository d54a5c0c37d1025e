//! What targets say of themselves.

use leakscope_systemview::SystemItem::{
    Application, Core, Device, ElfSha256, Interrupt, Module, OperatingSystem, Other,
};
use leakscope_systemview::{SystemDescription, SystemItem};

fn items(text: &str) -> Vec<SystemItem<'_>> {
    SystemDescription(text.into()).items().collect()
}

#[test]
fn of_an_esp32() {
    assert_eq!(
        items("N=FreeRTOS Application,D=ESP32,C=core0,O=FreeRTOS"),
        [
            Application("FreeRTOS Application".into()),
            Device("ESP32".into()),
            Core("core0".into()),
            OperatingSystem("FreeRTOS".into()),
        ]
    );
}

#[test]
fn names_of_interrupts_keep_their_spaces_and_brackets() {
    let name = "CMT0 Tmr IRQ (Tick)".into();
    assert_eq!(
        items("I#12=CMT0 Tmr IRQ (Tick),I#15=SysTick"),
        [
            Interrupt { number: 12, name },
            Interrupt {
                number: 15,
                name: "SysTick".into()
            }
        ]
    );
}

#[test]
fn modules_and_checksums() {
    let checksum = "9f86d081884c7d65".into();
    assert_eq!(
        items("M=embOSIP,ELF_SHA256=9f86d081884c7d65"),
        [Module("embOSIP".into()), ElfSha256(checksum)]
    );
}

#[test]
fn what_is_new_or_damaged_is_kept() {
    let other = |key: &'static str, value: &'static str| Other {
        key: key.into(),
        value: value.into(),
    };
    assert_eq!(
        items("X=a=b,,just words,I#x=y,I#99999999999=z"),
        [
            other("X", "a=b"),
            other("", "just words"),
            other("I#x", "y"),
            other("I#99999999999", "z"),
        ]
    );
    assert_eq!(items(""), []);
}
