//! The C file, compiled by this computer's compiler and loaded: its functions, and the platform that it is given.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::path::{Path, PathBuf};
use std::process::Command;

use leakscope_testing::needs::has_tool;

/// Where `leakscope.c` is.
pub(crate) const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../integrations/c");
/// Where its platform in tests is.
pub(crate) const HARNESS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/c");

/// Takes bytes; returns how many.
pub(crate) type Write = extern "C" fn(*const u8, usize) -> usize;
/// Takes a piece of text.
pub(crate) type Put = extern "C" fn(*const u8, usize);

/// `struct harness`: what the platform does.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Platform {
    pub(crate) lock: extern "C" fn(),
    pub(crate) unlock: extern "C" fn(),
    pub(crate) core: extern "C" fn() -> u32,
    pub(crate) wait: extern "C" fn(),
}

/// `struct leakscope_config`.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Config {
    pub(crate) application: *const c_char,
    pub(crate) device: *const c_char,
    pub(crate) core: *const c_char,
    pub(crate) operating_system: *const c_char,
    pub(crate) descriptions: *const *const c_char,
    pub(crate) description_count: usize,
    pub(crate) clock: Option<extern "C" fn() -> u32>,
    pub(crate) clock_hz: u32,
    pub(crate) cpu_hz: u32,
    pub(crate) microseconds: Option<extern "C" fn() -> u64>,
    pub(crate) write_when_full: Option<Write>,
    pub(crate) wait_when_full: bool,
    pub(crate) ram_base: usize,
    pub(crate) id_shift: u8,
    pub(crate) heap_base: usize,
    pub(crate) heap_size: usize,
    pub(crate) heap_is_scattered: bool,
    pub(crate) heap_alignment_bits: u8,
    pub(crate) code_start: usize,
    pub(crate) code_end: usize,
    pub(crate) stacks_start: usize,
    pub(crate) stacks_end: usize,
    pub(crate) scan_words: u16,
    pub(crate) filter_least_size: usize,
    pub(crate) filter_one_in: u32,
    pub(crate) filter_task: usize,
    pub(crate) record_policy: c_int,
}

impl Config {
    /// Nothing is known.
    pub(crate) const NONE: Self = Self {
        application: std::ptr::null(),
        device: std::ptr::null(),
        core: std::ptr::null(),
        operating_system: std::ptr::null(),
        descriptions: std::ptr::null(),
        description_count: 0,
        clock: None,
        clock_hz: 0,
        cpu_hz: 0,
        microseconds: None,
        write_when_full: None,
        wait_when_full: false,
        ram_base: 0,
        id_shift: 0,
        heap_base: 0,
        heap_size: 0,
        heap_is_scattered: false,
        heap_alignment_bits: 0,
        code_start: 0,
        code_end: 0,
        stacks_start: 0,
        stacks_end: 0,
        scan_words: 0,
        filter_least_size: 0,
        filter_one_in: 0,
        filter_task: 0,
        record_policy: 0,
    };
}

/// `struct leakscope_summary`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub(crate) struct Summary {
    pub(crate) count: usize,
    pub(crate) capacity: usize,
    pub(crate) high_water_mark: usize,
    pub(crate) total_allocations: u32,
    pub(crate) total_frees: u32,
    pub(crate) unmatched_frees: u32,
    pub(crate) failed_allocations: u32,
    pub(crate) evicted_live: u32,
    pub(crate) evicted_freed: u32,
    pub(crate) not_recorded: u32,
}

unsafe extern "C" {
    fn dlopen(path: *const c_char, flags: c_int) -> *mut c_void;
    fn dlsym(library: *mut c_void, name: *const c_char) -> *mut c_void;
    fn dlerror() -> *const c_char;
}

const RTLD_NOW: c_int = 2;

macro_rules! library {
    ($($name:ident: fn($($argument:ty),*) $(-> $result:ty)?;)*) => {
        /// The functions of `leakscope.h`, and the harness's. Loaded once, it stays until the test's process ends.
        #[allow(dead_code, reason = "each test calls some")]
        pub(crate) struct Library {
            handle: *mut c_void,
            platform: *mut Platform,
            stack_end: *mut usize,
            /// The control block of RTT.
            pub(crate) block: *mut u8,
            $(pub(crate) $name: unsafe extern "C" fn($($argument),*) $(-> $result)?,)*
        }

        impl Library {
            fn load(path: &Path) -> Self {
                let handle = open(path);
                Self {
                    handle,
                    platform: symbol(handle, "harness").cast(),
                    stack_end: symbol(handle, "leakscope_stack_end").cast(),
                    block: symbol(handle, "_SEGGER_RTT").cast(),
                    $(
                        // SAFETY: the header declares it so.
                        $name: unsafe {
                            std::mem::transmute::<*mut c_void, unsafe extern "C" fn($($argument),*) $(-> $result)?>(
                                symbol(handle, stringify!($name)),
                            )
                        },
                    )*
                }
            }
        }
    };
}

library! {
    harness_reset: fn();
    harness_record_size: fn() -> usize;
    leakscope_init: fn(*const Config);
    leakscope_start: fn();
    leakscope_stop: fn();
    leakscope_poll: fn();
    leakscope_receive: fn(*const u8, usize);
    leakscope_drain: fn(u32, Write) -> usize;
    leakscope_records_init: fn(*mut u8, usize) -> usize;
    leakscope_records_start: fn(bool) -> bool;
    leakscope_records_stop: fn() -> bool;
    leakscope_records_pause_allocations: fn() -> bool;
    leakscope_records_resume: fn() -> bool;
    leakscope_records_count: fn() -> usize;
    leakscope_records_summary: fn() -> Summary;
    leakscope_records_dump: fn(Put);
    leakscope_on_alloc_from: fn(usize, usize, usize, usize);
    leakscope_on_realloc_begin_from: fn(usize, usize, usize, usize, usize);
    leakscope_on_realloc_from: fn(usize, usize, usize, usize, usize, usize);
    leakscope_on_free_from: fn(usize, usize, usize, usize);
    leakscope_on_failed_from: fn(usize, usize, usize);
    leakscope_call_begins: fn(usize) -> bool;
    leakscope_call_ends: fn(usize);
    leakscope_task: fn(usize, u32, *const c_char, usize, usize);
    leakscope_task_create: fn(usize);
    leakscope_task_terminate: fn(usize);
    leakscope_task_ready: fn(usize);
    leakscope_task_blocked: fn(usize, u32);
    leakscope_task_runs: fn(usize);
    leakscope_task_stops: fn();
    leakscope_idle: fn();
    leakscope_isr_enter_number: fn(u32);
    leakscope_isr_exit: fn();
    leakscope_isr_exit_to_scheduler: fn();
    leakscope_timer_enter: fn(usize);
    leakscope_timer_exit: fn();
    leakscope_mark: fn(u32);
    leakscope_mark_start: fn(u32);
    leakscope_mark_stop: fn(u32);
    leakscope_name_marker: fn(u32, *const c_char);
    leakscope_print: fn(u32, *const c_char, *const u32, usize);
}

// SAFETY: a test is one thread at a time in it.
unsafe impl Send for Library {}
// SAFETY: as above.
unsafe impl Sync for Library {}

impl Library {
    /// Compiles the C file with these macros; `None` if the test is to be skipped. The name is the test's own.
    pub(crate) fn build(name: &str, macros: &[&str]) -> Option<Self> {
        if !has_tool("cc") {
            return None;
        }
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("c");
        std::fs::create_dir_all(&folder).expect("the target folder can be written");
        // A file of this process's own: another one may have it loaded.
        let path = folder.join(format!("{name}-{}.so", std::process::id()));
        let mut command = Command::new("cc");
        command.args(["-std=c99", "-O1", "-g", "-shared", "-fPIC"]);
        // What C does not define ends the test.
        command.args(["-fsanitize=undefined", "-fsanitize-undefined-trap-on-error"]);
        command.args(macros.iter().map(|name| format!("-D{name}")));
        command
            .args(["-I", HARNESS, "-I", SOURCES, "-o"])
            .arg(&path);
        command.arg(PathBuf::from(HARNESS).join("harness.c"));
        run(&mut command);
        let library = Self::load(&path);
        let _ = std::fs::remove_file(&path);
        Some(library)
    }

    /// Whether the library has a symbol of this name.
    #[allow(dead_code, reason = "each test calls some")]
    pub(crate) fn has(&self, name: &str) -> bool {
        find(self.handle, name).is_some()
    }

    /// Where the running task's stack ends.
    #[allow(dead_code, reason = "each test calls some")]
    pub(crate) fn set_stack_end(&self, end: usize) {
        // SAFETY: nobody else is in the library.
        unsafe { self.stack_end.write(end) };
    }

    /// Forgets everything, and begins on this platform.
    pub(crate) fn reset(&self, platform: Platform) {
        // SAFETY: nobody else is in the library, of which these are the symbols.
        unsafe {
            self.platform.write(platform);
            (self.harness_reset)();
        }
    }
}

/// Runs a command that must succeed; what it printed.
pub(crate) fn run(command: &mut Command) -> String {
    let output = command.output().expect("the program is there");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn open(path: &Path) -> *mut c_void {
    let name = CString::new(path.to_str().expect("a path of text")).expect("no zero byte");
    // SAFETY: a library without code that runs when it is loaded.
    let handle = unsafe { dlopen(name.as_ptr(), RTLD_NOW) };
    // SAFETY: right after a failure there is a message.
    assert!(!handle.is_null(), "{:?}", unsafe {
        CStr::from_ptr(dlerror())
    });
    handle
}

fn find(library: *mut c_void, name: &str) -> Option<*mut c_void> {
    let name = CString::new(name).expect("no zero byte");
    // SAFETY: the library is loaded.
    let address = unsafe { dlsym(library, name.as_ptr()) };
    (!address.is_null()).then_some(address)
}

fn symbol(library: *mut c_void, name: &str) -> *mut c_void {
    find(library, name).unwrap_or_else(|| panic!("{name} is no symbol"))
}
