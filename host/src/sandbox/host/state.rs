//! What the host keeps of one instance while it lives: its limits, its log, its memory. Not here:
//! calling it.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use wasmtime::ResourceLimiter;
use wasmtime::StoreContextMut;
use wasmtime::UpdateDeadline;

use crate::domain::fetch::Fetch;
use crate::domain::plugin::LogLevel;
use crate::domain::plugin::LogLine;
use crate::domain::plugin::PluginLimits;
use crate::sandbox::direct::Border;
use crate::sandbox::host::context::HostContext;
use crate::sandbox::host::kv::KvSession;
use crate::sandbox::host::meter::Meter;
use crate::sandbox::host::stop::BudgetSpent;
use crate::sandbox::host::stop::Starved;
use crate::sandbox::module::bindings::hookmill::plugin::log;
use crate::sandbox::module::bindings::hookmill::plugin::types;
use crate::sandbox::module::engine::TICK;
use crate::sandbox::module::tier::Tier;
use crate::sandbox::text;

/// One instance's limits and what it used of them.
pub(crate) struct GuestState {
    /// The limits of this call, a batch's CPU time already multiplied.
    pub limits: PluginLimits,
    /// Memory or tables were asked for beyond the limit and not given.
    pub denied: bool,
    /// Bytes of all linear memories; they only grow.
    pub memory_bytes: u64,
    /// What goes into a guest that runs directly.
    pub border: Border,
    /// What was logged and kept.
    pub log: Vec<LogLine>,
    /// How many lines were not kept.
    pub log_dropped: u32,
    /// What it was given beyond its event.
    pub context: HostContext,
    /// What it reads and writes of what its plugin keeps.
    pub kv: KvSession,
    /// Requests it made, as they are kept.
    pub fetches: Vec<Fetch>,
    /// How long it waited for their answers: that is no wall time of its own.
    pub waited: Duration,
    /// CPU time of a configuration that was made before, in another instance: it is charged as if it were made now.
    charged: Duration,
    /// CPU time of the host's own, which is not charged.
    excused: Duration,
    recording: Option<Recording>,
    tier: &'static Tier,
    meter: Arc<Meter>,
    began: Instant,
}

/// What a configuration said and cost.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recorded {
    /// As the guest said it: nothing is left out or cut.
    pub log: Vec<LogLine>,
    pub cpu: Duration,
}

/// The same while it is made.
struct Recording {
    log: Vec<LogLine>,
    bytes: usize,
    began: Duration,
}

/// Bytes of lines that are recorded.
const RECORDED_BYTES_MAX: usize = 64 << 10;

impl GuestState {
    pub(crate) fn new(
        tier: &'static Tier,
        limits: PluginLimits,
        mut context: HostContext,
        meter: Arc<Meter>,
    ) -> Self {
        let kv = KvSession::new(context.kv.take(), std::mem::take(&mut context.writes));
        Self {
            limits,
            denied: false,
            memory_bytes: 0,
            border: Border::default(),
            log: Vec::new(),
            log_dropped: 0,
            context,
            kv,
            fetches: Vec::new(),
            waited: Duration::ZERO,
            charged: Duration::ZERO,
            excused: Duration::ZERO,
            recording: None,
            tier,
            meter,
            began: Instant::now(),
        }
    }

    /// At a tick of the engine: go on, at once or after the others had their turn, or stop.
    pub(crate) fn at_tick(store: StoreContextMut<'_, Self>) -> wasmtime::Result<UpdateDeadline> {
        let state = store.data();
        let spent = state.meter.spent_now();
        if (spent + state.charged).saturating_sub(state.excused) >= state.limits.cpu {
            return Err(BudgetSpent.into());
        }
        let not_its_own = state.waited + state.meter.paused();
        if state.began.elapsed().saturating_sub(not_its_own) >= state.limits.wall {
            return Err(Starved.into());
        }
        if spent < TICK {
            // The tick came early in its life; it is most likely nearly done.
            return Ok(UpdateDeadline::Continue(1));
        }
        Ok(UpdateDeadline::Yield(1))
    }
}

impl GuestState {
    /// What the guest said, without the values of secrets, cut to that many bytes.
    pub(crate) fn said(&self, text: String, bytes_max: usize) -> String {
        let redacted = match self.context.secrets.redact(&text) {
            Cow::Borrowed(_) => None,
            Cow::Owned(redacted) => Some(redacted),
        };
        text::cut(redacted.unwrap_or(text), bytes_max)
    }

    /// For another instance, where nothing happened in this one.
    pub(crate) fn anew(self) -> Self {
        Self { denied: false, memory_bytes: 0, border: Border::default(), ..self }
    }

    /// From here on, what it logs and costs is recorded.
    pub(crate) fn record(&mut self) {
        self.recording = Some(Recording { log: Vec::new(), bytes: 0, began: self.spent_now() });
    }

    /// What was recorded; `None` if it was too much.
    pub(crate) fn recorded(&mut self) -> Option<Recorded> {
        let cpu = self.spent_now();
        let recording = self.recording.take()?;
        let cpu = cpu.saturating_sub(recording.began);
        (recording.bytes <= RECORDED_BYTES_MAX).then_some(Recorded { log: recording.log, cpu })
    }

    /// CPU time used up to now. Only from within the call.
    pub(crate) fn spent_now(&self) -> Duration {
        self.meter.spent_now()
    }

    /// Charges CPU time that was spent before. An error if it is all there is.
    pub(crate) fn charge(&mut self, cpu: Duration) -> Result<(), BudgetSpent> {
        self.charged += cpu;
        if self.charged >= self.limits.cpu { Err(BudgetSpent) } else { Ok(()) }
    }

    /// What was charged.
    pub(crate) const fn charged(&self) -> Duration {
        self.charged
    }

    /// Does not charge CPU time that was spent.
    pub(crate) fn excuse(&mut self, cpu: Duration) {
        self.excused += cpu;
    }

    /// Keeps a line that the guest logs, within its limits.
    pub(crate) fn keep_line(&mut self, level: LogLevel, message: String) {
        if let Some(recording) = &mut self.recording {
            recording.bytes = recording.bytes.saturating_add(message.len() + 1);
            if recording.bytes <= RECORDED_BYTES_MAX {
                recording.log.push(LogLine { level, message: message.clone() });
            }
        }
        if self.log.len() >= self.limits.log_lines as usize {
            self.log_dropped = self.log_dropped.saturating_add(1);
            return;
        }
        let message = self.said(message, self.limits.log_line_bytes as usize);
        self.log.push(LogLine { level, message });
    }
}

impl types::Host for GuestState {}

impl log::Host for GuestState {
    fn log(&mut self, level: log::Level, message: String) -> wasmtime::Result<()> {
        let level = match level {
            log::Level::Debug => LogLevel::Debug,
            log::Level::Info => LogLevel::Info,
            log::Level::Warn => LogLevel::Warn,
            log::Level::Error => LogLevel::Error,
        };
        self.keep_line(level, message);
        Ok(())
    }
}

impl ResourceLimiter for GuestState {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let more = desired.saturating_sub(current) as u64;
        let total = self.memory_bytes.saturating_add(more);
        if total > self.limits.memory_bytes {
            self.denied = true;
            return Ok(false);
        }
        self.memory_bytes = total;
        Ok(true)
    }

    fn memory_grow_failed(&mut self, _: wasmtime::Error) -> wasmtime::Result<()> {
        self.denied = true;
        Ok(())
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let granted = desired as u64 <= self.tier.table_elements;
        self.denied |= !granted;
        Ok(granted)
    }

    /// One more than a component may have: of a guest that runs directly, it is what drives it.
    fn instances(&self) -> usize {
        self.tier.core_instances as usize + 1
    }

    fn tables(&self) -> usize {
        self.tier.tables as usize
    }

    fn memories(&self) -> usize {
        self.tier.memories as usize
    }
}
