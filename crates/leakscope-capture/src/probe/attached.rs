//! A chip that probe-rs has attached a debug probe to.

use std::error::Error;
use std::ops::Range;
use std::time::Duration;

use probe_rs::config::{MemoryRegion, Registry};
use probe_rs::probe::list::{Accessibility, Lister};
use probe_rs::probe::{DebugProbeInfo, DebugProbeSelector};
use probe_rs::{Core, MemoryInterface, Permissions, Session};

use super::error::ProbeError;
use super::find::Found;
use super::target::Target;
use crate::memory::{MemoryError, Registers};

/// A processor does so at once, or never.
const TIME_OUT: Duration = Duration::from_secs(1);

/// The first core of a chip. It has probe-rs take its breakpoints away when it is dropped.
#[derive(Debug)]
pub(super) struct Attached {
    probe: String,
    session: Session,
}

impl Attached {
    /// Attaches the probe that is selected, or the only one, to a chip. The program runs on, or goes on standing
    /// still.
    pub(super) fn attach(selector: Option<&str>, chip: &str) -> Result<Self, ProbeError> {
        let registry = Registry::from_builtin_families();
        let Ok(target) = registry.get_target_by_name(chip) else {
            return Err(unknown_chip(&registry, chip));
        };
        let (info, found) = find(selector)?;
        let opened = info.open().map_err(|error| ProbeError::NotOpened {
            name: found.describe(),
            source: error.into(),
        });
        // Nothing that would erase a chip in order to unlock it.
        let permissions = Permissions::new();
        let attached = opened?.attach(target, permissions);
        let session = attached.map_err(|error| ProbeError::NotAttached {
            chip: chip.to_owned(),
            source: error.into(),
        })?;
        Ok(Self {
            probe: found.describe(),
            session,
        })
    }

    /// The probe, as the user knows it.
    pub(super) fn probe(&self) -> &str {
        &self.probe
    }

    fn core(&mut self) -> Result<Core<'_>, probe_rs::Error> {
        self.session.core(0)
    }

    /// Does something with a core that stands still meanwhile: some can be given breakpoints only then.
    fn halted(
        &mut self,
        act: impl FnOnce(&mut Core<'_>) -> Result<(), probe_rs::Error>,
    ) -> Result<(), probe_rs::Error> {
        let mut core = self.core()?;
        if core.core_halted()? {
            return act(&mut core);
        }
        core.halt(TIME_OUT)?;
        let acted = act(&mut core);
        core.run()?;
        acted
    }
}

/// As many names as can be read at one glance.
const MOST_SIMILAR: usize = 8;

fn unknown_chip(registry: &Registry, name: &str) -> ProbeError {
    let mut similar = registry.search_chips(name);
    similar.sort();
    similar.dedup();
    similar.truncate(MOST_SIMILAR);
    ProbeError::UnknownChip {
        name: name.to_owned(),
        similar,
    }
}

fn find(selector: Option<&str>) -> Result<(DebugProbeInfo, Found), ProbeError> {
    let parse = |text: &str| {
        let parsed = text.parse::<DebugProbeSelector>();
        parsed.map_err(|_| ProbeError::Selector(text.to_owned()))
    };
    let wanted = selector.map(parse).transpose()?;
    let mut items = Lister::new().list_all_with_access();
    let found: Vec<Found> = items
        .iter()
        .map(|item| Found {
            selector: DebugProbeSelector::from(&item.info).to_string(),
            name: item.info.identifier.clone(),
            is_accessible: item.accessibility == Accessibility::Accessible,
        })
        .collect();
    let fits = |at: &usize| {
        let info = &items[*at].info;
        wanted
            .as_ref()
            .is_none_or(|wanted| wanted.matches_probe(info))
    };
    let fitting: Vec<usize> = (0..items.len()).filter(fits).collect();
    let at = Found::choose(&found, &fitting, selector)?;
    Ok((items.swap_remove(at).info, found[at].clone()))
}

/// The registers of a core, which stands still meanwhile.
fn registers_of(mut core: Core<'_>) -> Result<Vec<u8>, probe_rs::Error> {
    let was_halted = core.core_halted()?;
    if !was_halted {
        core.halt(TIME_OUT)?;
    }
    let registers = core.registers().core_registers();
    let ids: Vec<_> = registers.map(probe_rs::CoreRegister::id).collect();
    let words = ids
        .into_iter()
        .map(|id| core.read_core_reg::<u32>(id).map(u32::to_le_bytes));
    let read = words.collect::<Result<Vec<[u8; 4]>, _>>();
    if !was_halted {
        core.run()?;
    }
    Ok(read?.concat())
}

/// What probe-rs says of a piece of memory.
fn memory_error(address: u64, length: usize, error: probe_rs::Error) -> MemoryError {
    if let probe_rs::Error::Probe(_) = error {
        return MemoryError::Lost(error.into());
    }
    let mut reason = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        reason = format!("{reason}: {error}");
        cause = error.source();
    }
    MemoryError::Unmapped {
        address,
        length,
        reason,
    }
}

fn failed(request: &'static str) -> impl FnOnce(probe_rs::Error) -> ProbeError {
    move |error| ProbeError::Failed {
        request,
        source: error.into(),
    }
}

impl Target for Attached {
    fn read_words(&mut self, address: u64, bytes: &mut [u8]) -> Result<(), MemoryError> {
        let length = bytes.len();
        let core = self.core();
        core.and_then(|mut core| core.read_mem_32bit(address, bytes))
            .map_err(|error| memory_error(address, length, error))
    }

    fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), MemoryError> {
        let write = |mut core: Core<'_>| {
            core.write(address, bytes)?;
            core.flush()
        };
        self.core()
            .and_then(write)
            .map_err(|error| memory_error(address, bytes.len(), error))
    }

    fn reset(&mut self) -> Result<(), ProbeError> {
        self.core()
            .and_then(|mut core| core.reset_and_halt(TIME_OUT))
            .map(drop)
            .map_err(failed("reset the target"))
    }

    fn run(&mut self) -> Result<(), ProbeError> {
        let run = |mut core: Core<'_>| {
            if core.core_halted()? {
                core.run()?;
            }
            Ok(())
        };
        self.core()
            .and_then(run)
            .map_err(failed("let the target run"))
    }

    fn halt(&mut self) -> Result<(), ProbeError> {
        let halt = |mut core: Core<'_>| core.halt(TIME_OUT).map(drop);
        self.core()
            .and_then(halt)
            .map_err(failed("stop the target"))
    }

    fn registers(&mut self) -> Vec<Registers> {
        let cores = (1..).zip(self.session.list_cores());
        let read = cores.filter_map(|(number, (core, _))| {
            let core = self.session.core(core).and_then(registers_of);
            core.ok().map(|values| Registers { number, values })
        });
        read.collect()
    }

    fn ram(&self) -> Vec<Range<u64>> {
        let regions = self.session.target().memory_map.iter();
        let ram = regions.filter_map(MemoryRegion::as_ram_region);
        ram.filter(|region| !region.is_alias)
            .map(|region| region.range.clone())
            .collect()
    }

    fn halted_at(&mut self) -> Result<Option<u64>, ProbeError> {
        let look = |mut core: Core<'_>| {
            if !core.core_halted()? {
                return Ok(None);
            }
            let register = core.program_counter().id();
            core.read_core_reg(register).map(Some)
        };
        self.core()
            .and_then(look)
            .map_err(failed("see whether the target runs"))
    }

    fn set_breakpoint(&mut self, address: u64) -> Result<(), ProbeError> {
        self.halted(|core| core.set_hw_breakpoint(address))
            .map_err(failed("set a breakpoint"))
    }

    fn clear_breakpoint(&mut self, address: u64) -> Result<(), ProbeError> {
        self.halted(|core| core.clear_hw_breakpoint(address))
            .map_err(failed("take a breakpoint away"))
    }
}
