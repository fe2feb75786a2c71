//! Counts what calls of plugins cost, for the API and the metrics. Not here: sums (`observe`), limits (`budget`).

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::control::snapshot::PluginStep;
use crate::domain::event::Event;
use crate::domain::id::ConnectionId;
use crate::domain::plugin::Verdict;
use crate::domain::time::Clock;
use crate::observe::Metrics;
use crate::observe::PluginCall;
use crate::observe::PluginMetrics;
use crate::observe::Usage;
use crate::sandbox::Failure;
use crate::sandbox::Ran;

/// Where calls are counted.
#[derive(Debug, Default)]
pub(crate) struct Metering {
    /// Sums by workspace, plugin, version and connection.
    pub usage: Usage,
    /// By the plugin's name, which is their one label: versions and connections are too many for a monitoring system.
    metrics: Mutex<HashMap<Arc<str>, PluginMetrics>>,
}

/// For whom calls are counted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Metered<'a> {
    /// Where they are counted.
    pub metering: &'a Metering,
    /// For a monitoring system.
    pub metrics: &'a Metrics,
    /// The time.
    pub clock: &'a Clock,
    /// Whose steps run.
    pub connection: ConnectionId,
}

impl Metered<'_> {
    /// Counts a call for an event, whatever came of it.
    pub(crate) fn count(&self, step: &PluginStep, event: &Event, ran: &Result<Ran, Failure>) {
        let (cost, outputs, fault) = match ran {
            Ok(ran) => (&ran.cost, output_bytes(&ran.verdict), None),
            Err(failure) => (&failure.cost, 0, Some(&failure.fault)),
        };
        let call = PluginCall {
            cpu_us: u64::try_from(cost.cpu.as_micros()).unwrap_or(u64::MAX),
            memory_bytes: cost.memory_peak_bytes,
            output_bytes: outputs,
            fault: fault.map(|fault| fault.code()),
        };
        let (now, workspace) = (self.clock.now(), event.data.workspace);
        self.metering.usage.record(now, workspace, &step.name, step.digest, self.connection, &call);
        let metrics = self.metering.metrics_of(self.metrics, &step.name);
        metrics.called(&call);
        fault.into_iter().for_each(|fault| metrics.faulted(fault));
    }
}

impl Metering {
    fn metrics_of(&self, all: &Metrics, plugin: &Arc<str>) -> PluginMetrics {
        let mut metrics = self.metrics.lock();
        if let Some(found) = metrics.get(plugin) {
            return found.clone();
        }
        metrics.entry(plugin.clone()).or_insert_with(|| all.plugin(plugin)).clone()
    }
}

fn output_bytes(verdict: &Verdict) -> u64 {
    match verdict {
        Verdict::Forward(outputs) => outputs.iter().map(|output| output.payload.len() as u64).sum(),
        Verdict::Drop(_) => 0,
    }
}
