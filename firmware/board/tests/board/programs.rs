//! What programs do. Their instructions stand here as an assembler has made them.

use virtual_board::semihosting::Host;
use virtual_board::{Machine, Model, Pause, Program};

const START: u32 = 0x8000_0000;
const A0: usize = 10;
const A1: usize = 11;

fn machine(code: &[u32]) -> Machine {
    let program = Program {
        entry: START,
        segments: vec![(
            START,
            code.iter().flat_map(|word| word.to_le_bytes()).collect(),
        )],
    };
    Machine::new(Model::Virt, &program).expect("there is memory")
}

#[test]
fn an_exception_leads_to_its_handler_and_back() {
    let mut machine = machine(&[
        0x0000_0297, // auipc t0, 0
        0x0182_8293, // addi t0, t0, 24
        0x3052_9073, // csrw mtvec, t0
        0xFFFF_FFFF, // (no instruction)
        0x0015_0513, // addi a0, a0, 1
        0x1050_0073, // wfi
        0x3420_25F3, // handler: csrr a1, mcause
        0x3410_2373, // csrr t1, mepc
        0x0043_0313, // addi t1, t1, 4
        0x3413_1073, // csrw mepc, t1
        0x3020_0073, // mret
    ]);
    assert_eq!(machine.run(100), Pause::Waiting);
    assert_eq!(machine.hart.register(A0), 1, "it has gone on behind");
    assert_eq!(machine.hart.register(A1), 2, "an illegal instruction");
}

#[test]
fn access_to_nothing_is_an_exception_with_its_address() {
    for (instruction, cause) in [
        (0x0005_2583, 5), // lw a1, 0(a0)
        (0x00B5_2023, 7), // sw a1, 0(a0)
        (0x0005_0067, 1), // jr a0
    ] {
        let mut machine = machine(&[
            0x0000_0297, // auipc t0, 0
            0x0142_8293, // addi t0, t0, 20
            0x3052_9073, // csrw mtvec, t0
            0x1234_5537, // lui a0, 0x12345
            instruction,
            0x3420_2673, // handler: csrr a2, mcause
            0x3430_26F3, // csrr a3, mtval
            0x1050_0073, // wfi
        ]);
        assert_eq!(machine.run(100), Pause::Waiting);
        assert_eq!(machine.hart.register(12), cause);
        assert_eq!(machine.hart.register(13), 0x1234_5000);
    }
}

#[test]
fn the_timer_interrupts_when_its_time_has_come() {
    let mut machine = machine(&[
        0x0000_0297, // auipc t0, 0
        0x0342_8293, // addi t0, t0, 52
        0x3052_9073, // csrw mtvec, t0
        0x0200_4337, // lui t1, 0x2004
        0x3E80_0393, // li t2, 1000
        0x0003_2223, // sw zero, 4(t1)
        0x0073_2023, // sw t2, 0(t1): mtimecmp = 1000
        0x0800_0393, // li t2, 0x80
        0x3043_9073, // csrw mie, t2
        0x3004_6073, // csrsi mstatus, 8
        0x1050_0073, // wfi
        0x0015_0513, // addi a0, a0, 1
        0x0000_006F, // j .
        0x3420_25F3, // handler: csrr a1, mcause
        0x0200_C337, // lui t1, 0x200C
        0xFF83_2603, // lw a2, -8(t1): mtime
        0x1050_0073, // wfi
    ]);
    assert_eq!(machine.run(100), Pause::Waiting);
    assert_eq!(machine.hart.register(A1), 0, "it is too early");
    machine.bus.timer.skip_to_alarm();
    machine.run(4);
    assert_eq!(
        machine.hart.register(A1),
        0x8000_0007,
        "the machine's timer"
    );
    assert_eq!(machine.hart.register(12), 1000);
    assert_eq!(machine.hart.register(A0), 0, "the handler comes first");
}

#[test]
fn counters_and_fixed_registers() {
    let mut machine = machine(&[
        0xB020_2573, // csrr a0, minstret
        0xB020_25F3, // csrr a1, minstret
        0x3010_2673, // csrr a2, misa
        0xF140_26F3, // csrr a3, mhartid
        0xF110_1073, // csrw mvendorid, zero: not allowed
    ]);
    machine.run(4);
    assert_eq!(machine.hart.register(A1), machine.hart.register(A0) + 1);
    assert_eq!(machine.hart.register(12), 0x4000_1104, "RV32IMC");
    assert_eq!(machine.hart.register(13), 0);
    machine.run(1);
    assert_eq!(machine.hart.debug_csr(0x342), Some(2), "mcause");
}

#[test]
fn a_program_calls_its_host() {
    let code = [
        0x0180_0513, // li a0, 0x18: SYS_EXIT
        0x0002_05B7, // lui a1, 0x20
        0x0265_8593, // addi a1, a1, 0x26: ADP_Stopped_ApplicationExit
        0x01F0_1013, // slli x0, x0, 0x1f
        0x0010_0073, // ebreak
        0x4070_5013, // srai x0, x0, 7
    ];
    let mut with_host = machine(&code).with_host(Host::new(".".as_ref(), &[]));
    assert_eq!(with_host.run_to_end(), Some(0));
    // Without one it is an exception.
    let mut without = machine(&code);
    without.run(5);
    assert_eq!(without.hart.debug_csr(0x342), Some(3), "mcause");
}
