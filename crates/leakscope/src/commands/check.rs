//! `leakscope check`: whether recordings are as they should be, as an exit code.

use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, anyhow, bail};
use leakscope_analysis::findings;
use leakscope_compare::baseline::Baseline;
use leakscope_compare::gate::{self, Answer, Doubt, FailureKind, Judgement, Limits};
use leakscope_compare::suppress::{Date, RuleError, Rules, Settings, suggest};
use leakscope_compare::write::{self, Checked, LeftOut};
use leakscope_report::Report;
use leakscope_report::units::counted;

use super::reading;
use crate::cli::{Check, CheckFormat, Confidence, Gate, Inconclusive};
use crate::input_files::{CONFIGURATION, InputFiles};
use crate::named_file;
use crate::output;
use crate::screen::{self, Advised, Screen};
use crate::shell;

impl Check {
    pub(crate) fn run(&self) -> anyhow::Result<ExitCode> {
        let options = Asked::of(&self.gate, self.format)?;
        let read = InputFiles::of(&self.inputs, &self.symbols);
        let read = read.images(&self.at_the_end).gate(&self.gate);
        read.spare(self.gate.written())?;
        if self.inputs.len() > 1 {
            self.at_the_end
                .refuse("there are several recordings, and it belongs to one")?;
        }
        let reports = self.inputs.iter().map(|input| {
            reading::report(
                std::slice::from_ref(input),
                &self.unpacking,
                &self.symbols,
                options.cycle.as_deref(),
                &self.at_the_end,
            )
        });
        let reports: Vec<Report> = reports.collect::<anyhow::Result<_>>()?;
        for report in &reports {
            note_several_dumps(report);
        }
        options.conclude(&reports, self.format, None)
    }
}

/// What was asked for, by options and by `leakscope.toml`.
pub(crate) struct Asked<'g> {
    options: &'g Gate,
    gate: gate::Gate,
    /// The log message that begins a cycle.
    pub(crate) cycle: Option<String>,
}

impl<'g> Asked<'g> {
    /// Reads the files that the options name.
    pub(crate) fn of(options: &'g Gate, format: CheckFormat) -> anyhow::Result<Self> {
        if format == CheckFormat::Json && (options.suggest || options.github) {
            bail!("--format json prints JSON alone: --suggest and --github print something else");
        }
        let mut rules = Vec::new();
        let mut settings = Settings::default();
        let usual = Path::new(CONFIGURATION);
        let named = options.config.as_deref();
        if let Some(path) = named.or_else(|| usual.symlink_metadata().is_ok().then_some(usual)) {
            let file = read_rules(path)?;
            rules.extend(file.rules);
            settings = file.settings;
        }
        for path in &options.suppressions {
            let file = read_rules(path)?;
            if file.settings != Settings::default() {
                let name = path.display();
                bail!("`{name}`: [check] is for --config: here it would have no effect");
            }
            rules.extend(file.rules);
        }
        let baseline = options.baseline.as_deref().map(|path| {
            let name = path.display().to_string();
            if options.writes_baseline() && !path.exists() {
                return Ok((name, Baseline::default()));
            }
            if path.symlink_metadata().is_err() {
                let message = format!("there is no file `{name}`");
                let hint = "--write-baseline makes it, of the leaks that there are";
                return Err(Advised { message, hint }.into());
            }
            let text = named_file::read_text(path)?;
            let baseline = Baseline::read(&text).map_err(|error| Advised {
                message: format!("`{name}`: {error}"),
                hint: "without this file, --write-baseline makes a new one",
            })?;
            anyhow::Ok((name, baseline))
        });
        let cycle = options.cycle.clone().or_else(|| settings.cycle.clone());
        let mut limits = limits(options, &settings)?;
        if cycle.is_some() {
            // A user who names what begins a cycle wants to see some.
            limits.min_cycles = limits.min_cycles.or(Some(1));
        }
        let gate = gate::Gate {
            min_confidence: confidence(options, &settings)?,
            limits,
            no_failed_allocations: options.no_failed_allocations
                || settings.no_failed_allocations == Some(true),
            allow_filtered: options.allow_filtered || settings.allow_filtered == Some(true),
            strict: options.strict || settings.strict == Some(true),
            rules,
            baseline: baseline.transpose()?,
            today: today(),
        };
        if named.is_none() && usual.exists() && format == CheckFormat::Text {
            screen::note(&format!(
                "rules and settings are those of `{CONFIGURATION}` in this folder"
            ));
        }
        Ok(Self {
            options,
            gate,
            cycle,
        })
    }

    /// Judges reports, writes what was asked for, and says how it ends. Nothing that passes is claimed if there is a
    /// `doubt`.
    pub(crate) fn conclude(
        &self,
        reports: &[Report],
        format: CheckFormat,
        doubt: Option<Doubt>,
    ) -> anyhow::Result<ExitCode> {
        let mut judgements = self.gate.judge_all(reports);
        for (judgement, doubt) in judgements.iter_mut().zip(doubt) {
            judgement.inconclusive.push(doubt);
            judgement.answer = judgement.answer.max(Answer::Inconclusive);
        }
        let root = env::current_dir().context("this folder has no name")?;
        let checked = Checked {
            gate: &self.gate,
            judgements: &judgements,
            root: &root,
            lets_inconclusive_pass: self.options.inconclusive == Inconclusive::Pass,
        };
        let mut screen = Screen::new();
        let answer = match format {
            CheckFormat::Text => write::text(&checked),
            CheckFormat::Json => write::json(&checked),
        };
        let mut shown = answer;
        if self.options.suggest {
            shown += &suggestions(&judgements);
        }
        if self.options.github {
            shown += &write::annotations(&checked);
        }
        self.write_files(&checked)?;
        self.write_baseline(&judgements)?;
        let written = screen.out.write_all(shown.as_bytes());
        match written.and_then(|()| screen.out.flush()) {
            // Nobody wants to read on; the answer is in the exit code all the same.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
            other => other?,
        }
        Ok(self.exit_code(&checked, format))
    }

    fn exit_code(&self, checked: &Checked<'_>, format: CheckFormat) -> ExitCode {
        match checked.answer() {
            Answer::Passed => ExitCode::SUCCESS,
            Answer::Failed => {
                if format == CheckFormat::Text {
                    self.advise_on_failures(checked.judgements);
                }
                ExitCode::from(1)
            }
            Answer::Inconclusive if self.options.inconclusive == Inconclusive::Pass => {
                screen::note("nothing can be claimed, and --inconclusive pass lets it pass");
                ExitCode::SUCCESS
            }
            Answer::Inconclusive => {
                advise_on_doubts(checked.judgements);
                ExitCode::from(3)
            }
        }
    }

    /// What to do about all that failed. Who has asked for rules or a baseline is not told to ask.
    fn advise_on_failures(&self, judgements: &[Judgement<'_>]) {
        let kinds = judgements.iter().flat_map(|judgement| {
            let failures = judgement.failures.iter();
            failures.map(|failure| &failure.kind)
        });
        let has_asked = self.options.suggest || self.options.write_baseline;
        let is_known = |kind: &&FailureKind| has_asked && matches!(kind, FailureKind::Leak(_));
        let is_nameless = has_nameless_leaks_alone(judgements);
        advise(kinds.filter(|kind| !is_known(kind)).map(|kind| match kind {
            FailureKind::Leak(_) if is_nameless => NAMELESS,
            kind => kind.hint(),
        }));
        if self.options.write_baseline {
            // What kept it from being written.
            advise_on_doubts(judgements);
        }
    }

    fn write_files(&self, checked: &Checked<'_>) -> anyhow::Result<()> {
        let options = self.options;
        if let Some(path) = &options.junit {
            save(path, &write::junit(checked))?;
        }
        if let Some(path) = &options.sarif {
            let (text, left_out) = write::sarif(checked);
            save(path, &text)?;
            note_left_out("SARIF", left_out);
        }
        if let Some(path) = &options.gitlab {
            let (text, left_out) = write::code_quality(checked);
            save(path, &text)?;
            note_left_out("the Code Quality report", left_out);
        }
        if let Some(path) = &options.markdown {
            save(path, &write::markdown(checked))?;
        }
        let summary = env::var_os("GITHUB_STEP_SUMMARY").filter(|_| options.github);
        if let Some(path) = summary.map(PathBuf::from) {
            let mut file = fs::OpenOptions::new().create(true).append(true).open(&path);
            let written = file.as_mut().map_or_else(
                |error| Err(anyhow!("{error}")),
                |file| Ok(file.write_all(write::markdown(checked).as_bytes())?),
            );
            written.with_context(|| format!("`{}` cannot be written", path.display()))?;
        }
        Ok(())
    }

    /// Notes the leaks that are left, or takes out those that are not there any more. What cannot tell changes nothing.
    fn write_baseline(&self, judgements: &[Judgement<'_>]) -> anyhow::Result<()> {
        let Some((path, (name, known))) = self
            .options
            .baseline
            .as_deref()
            .zip(self.gate.baseline.as_ref())
        else {
            return Ok(());
        };
        let is_asked = self.options.writes_baseline();
        let mut doubts = judgements
            .iter()
            .flat_map(|judgement| &judgement.inconclusive);
        let tells_all = doubts.clone().next().is_none();
        let tells_leaks = self.options.write_baseline && doubts.all(|doubt| doubt.is_of_more);
        if is_asked && !tells_all && !tells_leaks {
            screen::note(&format!(
                "`{name}` stays as it is: nothing can be claimed of a recording"
            ));
            return Ok(());
        }
        let written = if self.options.write_baseline {
            let noted = Baseline::of(judgements.iter().flat_map(Judgement::to_note));
            // What some recording cannot tell stays, but what is of another filter: nothing here will ever tell of that.
            noted.with_rest_of(known, |site| {
                let mut reports = judgements.iter().map(|judgement| judgement.report);
                let is_untold = !tells_all || reports.clone().any(|report| !site.can_show(report));
                is_untold && reports.any(|report| site.is_of_filter_of(report))
            })
        } else if self.options.prune {
            let mut kept = known.clone();
            let mut index = 0;
            // What no recording shows any more; a recording that cannot tell shows all of it.
            kept.sites.retain(|_| {
                let is_fixed = judgements
                    .iter()
                    .all(|judgement| judgement.fixed.contains(&index));
                index += 1;
                !is_fixed
            });
            kept
        } else {
            return Ok(());
        };
        save(path, &written.write())?;
        let leaks =
            |baseline: &Baseline| baseline.sites.iter().filter(|site| !site.may_leak).count();
        let may_leak = written.sites.len() - leaks(&written);
        screen::note(&format!(
            "`{name}` now knows {}{}; before, it knew {}{}",
            counted(leaks(&written) as u64, "leak"),
            match may_leak {
                0 => String::new(),
                some => format!(
                    ", and what {} left that may leak",
                    counted(some as u64, "call site")
                ),
            },
            leaks(known),
            if self.options.write_baseline && leaks(&written) > leaks(known) {
                ". This answer was given without it: the next one lets them pass"
            } else {
                ""
            }
        ));
        let by_address = written
            .sites
            .iter()
            .filter(|site| site.is_by_address() && !site.may_leak);
        let by_address = by_address.count() as u64;
        if by_address > 0 {
            screen::note(&format!(
                "{} in `{name}` by addresses, without names of functions: that holds for this build alone; --elf FILE \
                 gives names",
                match by_address {
                    1 => "1 leak is".to_owned(),
                    several => format!("{several} leaks are"),
                }
            ));
        }
        Ok(())
    }
}

/// What to do about leaks in functions that have no names.
const NAMELESS: &str = "mend what leaks: --elf FILE says which functions these are. Without names, no rule excuses a call site, \
                        and a baseline knows it in this build alone";

/// Whether all call sites that fail have call stacks, and no name in them.
fn has_nameless_leaks_alone(judgements: &[Judgement<'_>]) -> bool {
    let mut sites = judgements.iter().flat_map(|judgement| {
        let failures = judgement.failures.iter().filter_map(|failure| failure.site);
        failures.map(|site| &judgement.report.call_sites[site])
    });
    sites.all(|site| {
        !site.frames.is_empty() && site.frames.iter().all(|frame| frame.function.is_none())
    })
}

/// One dump of several is judged: what became more is judged by another command.
fn note_several_dumps(report: &Report) {
    let mut problems = report.problems.iter();
    if problems.any(|problem| problem.code == "several-dumps") {
        let name = report.trace.inputs.concat();
        screen::note(&format!(
            "`{name}` holds several dumps, of which one is judged; `leakscope diff {} --fail-on worse` judges what became more",
            shell::quoted(&name)
        ));
    }
}

/// What to do about all that cannot be told.
fn advise_on_doubts(judgements: &[Judgement<'_>]) {
    let doubts = judgements
        .iter()
        .flat_map(|judgement| &judgement.inconclusive);
    advise(doubts.map(|doubt| &*doubt.hint));
}

/// Gives each advice once.
fn advise<'h>(hints: impl Iterator<Item = &'h str>) {
    let mut given = Vec::new();
    for hint in hints {
        if !given.contains(&hint) {
            screen::hint(hint);
            given.push(hint);
        }
    }
}

/// A rule for each call site that fails.
fn suggestions(judgements: &[Judgement<'_>]) -> String {
    let mut rules = String::new();
    for judgement in judgements {
        let failures = judgement.failures.iter().filter_map(|failure| failure.site);
        for site in failures.map(|site| &judgement.report.call_sites[site]) {
            match suggest(site) {
                Some(rule) => rules.extend(["\n", &rule]),
                None => screen::note(
                    "a call site without names of functions cannot be excused: --elf FILE names them",
                ),
            }
        }
    }
    rules
}

fn note_left_out(form: &str, left_out: LeftOut) {
    let reasons = [
        (
            left_out.without_place,
            "without a place in a file below this folder",
        ),
        (
            left_out.again,
            "of a call stack that is in it already, from another recording",
        ),
    ];
    for (failures, why) in reasons.into_iter().filter(|reason| reason.0 > 0) {
        let failures = counted(failures as u64, "failure");
        screen::note(&format!("not in {form}: {failures} {why}"));
    }
}

fn read_rules(path: &Path) -> anyhow::Result<Rules> {
    let text = named_file::read_text(path)?;
    Ok(Rules::read(&path.display().to_string(), &text)?)
}

fn save(path: &Path, text: &str) -> anyhow::Result<()> {
    output::write(path, true, text.as_bytes())
}

fn confidence(options: &Gate, settings: &Settings) -> anyhow::Result<findings::Confidence> {
    let setting = settings.min_confidence.as_deref().map(|level| match level {
        "low" => Ok(Confidence::Low),
        "medium" => Ok(Confidence::Medium),
        "high" => Ok(Confidence::High),
        other => Err(settings.wrong(
            "min-confidence",
            &format!("`{other}` is none of low, medium and high"),
        )),
    });
    let level = options.min_confidence.or(setting.transpose()?);
    Ok(match level.unwrap_or(Confidence::Medium) {
        Confidence::Low => findings::Confidence::Low,
        Confidence::Medium => findings::Confidence::Medium,
        Confidence::High => findings::Confidence::High,
    })
}

/// Options first, then `leakscope.toml`, whose texts are read as those of the options are.
fn limits(options: &Gate, settings: &Settings) -> anyhow::Result<Limits> {
    fn or<T>(
        settings: &Settings,
        option: Option<T>,
        name: &str,
        setting: Option<&String>,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, RuleError> {
        let setting = setting.map(|text| read(text).map_err(|why| settings.wrong(name, &why)));
        option.map_or_else(|| setting.transpose(), |option| Ok(Some(option)))
    }
    use crate::cli::quantity::{any_size, duration, share};
    let rate = |text: &str| {
        text.parse()
            .map_err(|error: leakscope_compare::rate::RateError| error.to_string())
    };
    let length = or(
        settings,
        options.min_length,
        "min-length",
        settings.min_length.as_ref(),
        duration,
    )?;
    Ok(Limits {
        max_growth: or(
            settings,
            options.max_growth,
            "max-growth",
            settings.max_growth.as_ref(),
            rate,
        )?,
        max_outstanding: or(
            settings,
            options.max_outstanding,
            "max-outstanding",
            settings.max_outstanding.as_ref(),
            any_size,
        )?,
        max_peak: or(
            settings,
            options.max_peak,
            "max-peak",
            settings.max_peak.as_ref(),
            any_size,
        )?,
        max_loss: or(
            settings,
            options.max_loss,
            "max-loss",
            settings.max_loss.as_ref(),
            share,
        )?
        .unwrap_or(Limits::MAX_LOSS),
        min_length: length.map(|length| length.as_secs_f64()),
        min_cycles: options.min_cycles.or(settings.min_cycles),
    })
}

/// The day by this computer's clock, in UTC.
fn today() -> Date {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let days = since.map_or(0, |since| since.as_secs() / 86_400);
    // Years are counted from March, in cycles of 400 years (146,097 days), so that leap days come last.
    let day = days + 719_468;
    let (era, day) = (day / 146_097, day % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month + 2) / 5 + 1;
    let is_next_year = month >= 10;
    let month = if is_next_year { month - 9 } else { month + 3 };
    let year = 400 * era + year + u64::from(is_next_year);
    (year as u16, month as u8, day_of_month as u8)
}
