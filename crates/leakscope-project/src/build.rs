//! A build of a project, as its files tell of it.

use crate::chip::Chip;
use crate::description::Description;
use crate::sdkconfig::Sdkconfig;
use crate::version::Version;

/// Whether leakscope's component records. Kconfig offers it only while ESP-IDF's own tracing is off, and is silent otherwise.
pub(crate) const COMPONENT_ENABLE: &str = "LEAKSCOPE_ENABLE";

/// What is known of a build.
#[derive(Clone, Debug)]
pub struct Build<'p> {
    /// None if neither the description nor `sdkconfig` says it.
    pub version: Option<Version>,
    /// What it is built for.
    pub chip: Chip,
    pub(crate) config: &'p Sdkconfig,
    components: &'p [String],
}

impl<'p> Build<'p> {
    /// From the two files that a build leaves behind.
    pub fn of(description: &'p Description, config: &'p Sdkconfig) -> Self {
        Self {
            version: Version::of(&description.revision).or_else(|| config.version()),
            chip: Chip::of(&description.target, config),
            config,
            components: &description.components,
        }
    }

    /// Whether leakscope's component is part of it.
    pub(crate) fn has_component(&self) -> bool {
        let mut names = self.components.iter();
        names.any(|name| name == "leakscope" || name.ends_with("__leakscope"))
            || self.config.get(COMPONENT_ENABLE).is_some()
    }

    /// Whether it would record, were it not for other options.
    pub(crate) fn records_by_component(&self) -> bool {
        self.has_component() && self.config.get(COMPONENT_ENABLE) != Some("n")
    }

    /// Whether the component that SystemView is from ESP-IDF 6.0 on is part of it.
    pub(crate) fn has_systemview(&self) -> bool {
        let mut names = self.components.iter();
        names.any(|name| name.ends_with("esp_sysview"))
            // An option that only the component has.
            || self.config.get("SEGGER_SYSVIEW_MAX_TASKS").is_some()
    }
}
