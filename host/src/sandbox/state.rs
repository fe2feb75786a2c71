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
use crate::sandbox::bindings::hookmill::plugin::log;
use crate::sandbox::bindings::hookmill::plugin::types;
use crate::sandbox::direct::Border;
use crate::sandbox::engine::TICK;
use crate::sandbox::given::Given;
use crate::sandbox::given::Kept;
use crate::sandbox::meter::Meter;
use crate::sandbox::text;
use crate::sandbox::tier::Tier;

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
    /// What it was given and what it keeps.
    pub kept: Kept,
    /// Requests it made, as they are kept.
    pub fetches: Vec<Fetch>,
    /// How long it waited for their answers: that is no wall time of its own.
    pub waited: Duration,
    tier: &'static Tier,
    meter: Arc<Meter>,
    began: Instant,
}

/// Stops a guest that used up its CPU time, or its wall time while it ran all along.
#[derive(Debug, thiserror::Error)]
#[error("the CPU budget is used up")]
pub(crate) struct BudgetSpent;

/// Stops a guest that the machine did not give its CPU time within the wall budget.
#[derive(Debug, thiserror::Error)]
#[error("the wall budget is used up before the CPU budget")]
pub(crate) struct Starved;

impl GuestState {
    pub(crate) fn new(tier: &'static Tier, limits: PluginLimits, given: Given, meter: Arc<Meter>) -> Self {
        Self {
            limits,
            denied: false,
            memory_bytes: 0,
            border: Border::default(),
            log: Vec::new(),
            log_dropped: 0,
            kept: Kept::new(given),
            fetches: Vec::new(),
            waited: Duration::ZERO,
            tier,
            meter,
            began: Instant::now(),
        }
    }

    /// At a tick of the engine: go on, at once or after the others had their turn, or stop.
    pub(crate) fn at_tick(store: StoreContextMut<'_, Self>) -> wasmtime::Result<UpdateDeadline> {
        let state = store.data();
        let spent = state.meter.spent_now();
        if spent >= state.limits.cpu {
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
        let redacted = match self.kept.given().secrets.redact(&text) {
            Cow::Borrowed(_) => None,
            Cow::Owned(redacted) => Some(redacted),
        };
        text::cut(redacted.unwrap_or(text), bytes_max)
    }

    /// Keeps a line that the guest logs, within its limits.
    pub(crate) fn keep_line(&mut self, level: LogLevel, message: String) {
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

    fn instances(&self) -> usize {
        self.tier.core_instances as usize
    }

    fn tables(&self) -> usize {
        self.tier.tables as usize
    }

    fn memories(&self) -> usize {
        self.tier.memories as usize
    }
}
