//! Holds a case to how it has to end, and every case to what always holds: blame where it belongs, CPU time, memory,
//! log, outputs and values within their limits, nothing left of what was refused, an honest guest that is served
//! afterwards. Not here: the cases.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use wasmparser::Parser;

use crate::domain::grant::Grants;
use crate::domain::plugin::Blame;
use crate::domain::plugin::Fault;
use crate::domain::plugin::GuestEvent;
use crate::domain::plugin::PluginLimits;
use crate::domain::plugin::Verdict;
use crate::sandbox::Cost;
use crate::sandbox::Failure;
use crate::sandbox::HostContext;
use crate::sandbox::KvRead;
use crate::sandbox::Plugin;
use crate::sandbox::Refusal;
use crate::sandbox::RefusalCode;
use crate::sandbox::tests::promises::wat::Guest;
use crate::sandbox::tests::promises::wat::honest;
use crate::sandbox::tests::support::Room;
use crate::sandbox::tests::support::TENANT;
use crate::sandbox::tests::support::event;
use crate::sandbox::tests::support::forwarded;
use crate::sandbox::tests::support::interpreted;
use crate::sandbox::tests::support::no_config;

/// CPU time beyond the budget that a call may be charged: a tick, what cannot be interrupted, a slow machine.
const CPU_SLACK: u32 = 4;
/// Bytes by which all cases of a table together may grow this process.
const GROWTH_MAX: u64 = 256 << 20;

/// One guest and how it ends.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) name: &'static str,
    bytes: Bytes,
    ask: Ask,
    ends: Ends,
}

#[derive(Clone, Copy, Debug)]
enum Ask {
    Event,
    /// So many events at once.
    Batch(usize),
    /// Only the configuration.
    Config,
}

/// How it ends.
#[derive(Clone, Copy, Debug)]
enum Ends {
    /// At the upload, with this code.
    Refused(RefusalCode),
    /// At the upload, because it faults when it is asked for its manifest.
    FaultsAtOnce(&'static str),
    /// When it is run, with the fault of this code.
    Faults(&'static str),
    /// It is served: what it does is no harm.
    Served,
}

/// An upload that is refused.
pub(super) fn refused(name: &'static str, bytes: impl Into<Bytes>, code: RefusalCode) -> Case {
    Case { name, bytes: bytes.into(), ask: Ask::Event, ends: Ends::Refused(code) }
}

/// A guest that faults before it said who it is.
pub(super) fn at_once(name: &'static str, guest: &Guest, fault: &'static str) -> Case {
    Case { name, bytes: guest.build().into(), ask: Ask::Event, ends: Ends::FaultsAtOnce(fault) }
}

/// A guest that faults on an event.
pub(super) fn faults(name: &'static str, guest: &Guest, fault: &'static str) -> Case {
    Case { name, bytes: guest.build().into(), ask: Ask::Event, ends: Ends::Faults(fault) }
}

/// A guest that does something odd, and may.
pub(super) fn served(name: &'static str, guest: &Guest) -> Case {
    Case { name, bytes: guest.build().into(), ask: Ask::Event, ends: Ends::Served }
}

impl Case {
    /// It is met by so many events at once.
    pub(super) fn batch(self, events: usize) -> Self {
        Self { ask: Ask::Batch(events), ..self }
    }

    /// It is met by a configuration that somebody edits.
    pub(super) fn config(self) -> Self {
        Self { ask: Ask::Config, ..self }
    }
}

/// Where cases are judged: a sandbox, and an honest guest beside.
pub(super) struct Court {
    room: Room,
    honest: Plugin,
    /// Core modules are judged as interpreted guests, with the limits of native ones.
    interpreted: bool,
}

impl Court {
    pub(super) async fn new() -> Self {
        let room = Room::new();
        let honest = room.loaded(honest().build()).await;
        Self { room, honest, interpreted: false }
    }

    pub(super) async fn of_interpreted() -> Self {
        let room = Room::with_both(limits_of_interpreted());
        let honest = room.loaded(interpreted(&honest().build())).await;
        Self { room, honest, interpreted: true }
    }

    /// Whether the case is one for this court.
    fn is_for(&self, case: &Case) -> bool {
        !self.interpreted || !matches!(case.ends, Ends::Refused(_)) && Parser::is_core_wasm(&case.bytes)
    }

    fn upload(&self, case: &Case) -> Bytes {
        if self.interpreted { interpreted(&case.bytes).into() } else { case.bytes.clone() }
    }

    /// Tries all cases of a table; gives what went otherwise.
    pub(super) async fn judge(&self, table: &str, cases: &[Case]) -> Vec<String> {
        let before = resident_bytes();
        let mut wrong = Vec::new();
        for case in cases.iter().filter(|case| self.is_for(case)) {
            if let Err(seen) = self.one(case).await {
                wrong.push(format!("{table}, {}: {seen}; expected {:?}", case.name, case.ends));
            }
            let served = self.honest.run(no_config(), event("e")).await;
            if !served.is_ok_and(|ran| ran.verdict == Verdict::Forward(Vec::new())) {
                wrong.push(format!("{table}, {}: afterwards an honest guest is not served", case.name));
            }
        }
        let grown = resident_bytes().saturating_sub(before);
        if grown > GROWTH_MAX {
            wrong.push(format!("{table}: {} MiB more than before", grown >> 20));
        }
        println!("{} {table} judged; {} MiB more are resident", cases.len(), grown >> 20);
        wrong
    }

    async fn one(&self, case: &Case) -> Result<(), String> {
        let before = self.files();
        let admitted = match self.room.sandbox.admit(self.upload(case)).await {
            Ok(admitted) => admitted,
            Err(refusal) => {
                let left = self.files().len() - before.len();
                return if left == 0 {
                    as_refused(case, &refusal)
                } else {
                    Err(format!("left {left} files"))
                };
            }
        };
        let grants = Grants::among(&admitted.imports);
        let plugin = self.room.sandbox.load(TENANT, &admitted.digest, grants).await.map_err(text)?;
        let limits = match admitted.tier {
            "interpreted" if self.interpreted => limits_of_interpreted(),
            "interpreted" => PluginLimits::interpreted(),
            _ => PluginLimits::default(),
        };
        if self.interpreted {
            // The next one meets what was put back, if it was.
            let (first, _) = ask(&plugin, case.ask).await;
            let (second, _) = ask(&plugin, case.ask).await;
            if first.as_ref().err().map(Fault::code) != second.as_ref().err().map(Fault::code) {
                return Err(format!("first {first:?}, then {second:?}"));
            }
        }
        let (ended, cost) = ask(&plugin, case.ask).await;
        within(&cost, &limits)?;
        match (ended, case.ends) {
            (Ok(()), Ends::Served) => Ok(()),
            (Err(fault), Ends::Faults(code)) if fault.code() == code && blamed_rightly(&fault) => Ok(()),
            (Ok(()), _) => Err("was served".to_owned()),
            (Err(fault), _) => Err(format!("{} ({fault:?})", fault.code())),
        }
    }

    fn files(&self) -> Vec<PathBuf> {
        let list = std::fs::read_dir(self.room.dir.path().join("plugins")).unwrap();
        list.map(|entry| entry.unwrap().path()).collect()
    }
}

/// Those of native guests, but for a little memory that some of them have beyond those.
fn limits_of_interpreted() -> PluginLimits {
    PluginLimits { memory_bytes: 65 << 20, ..PluginLimits::default() }
}

fn as_refused(case: &Case, refusal: &Refusal) -> Result<(), String> {
    let bounded = refusal.detail.len() <= 8 << 10;
    let right = match case.ends {
        Ends::Refused(code) => refusal.code == code,
        Ends::FaultsAtOnce(code) => refusal.fault.as_ref().is_some_and(|fault| fault.code() == code),
        Ends::Faults(_) | Ends::Served => false,
    };
    if right && bounded && !refusal.detail.is_empty() {
        return Ok(());
    }
    let shown: String = refusal.to_string().chars().take(500).collect();
    Err(format!("refused with {} bytes: {shown} {:?}", refusal.detail.len(), refusal.fault))
}

/// What the gateway cannot give is its own fault, all else the guest's.
fn blamed_rightly(fault: &Fault) -> bool {
    (fault.blame() == Blame::Host) == matches!(fault, Fault::Host { .. })
}

async fn ask(plugin: &Plugin, ask: Ask) -> (Result<(), Fault>, Cost) {
    let outcome = match ask {
        Ask::Event => plugin.run_with(given(), no_config(), event("e")).await.map(|ran| {
            let outputs: usize = match &ran.verdict {
                Verdict::Forward(outputs) => outputs.iter().map(|output| output.payload.len()).sum(),
                Verdict::Drop(reason) => reason.len(),
            };
            assert!(outputs as u64 <= PluginLimits::default().output_bytes, "{outputs} bytes");
            ran.cost
        }),
        Ask::Batch(events) => batch(plugin, events).await,
        Ask::Config => match plugin.check_config("{}").await {
            Ok(()) => Ok(Cost::default()),
            Err(crate::sandbox::ConfigRefusal::Refused { message }) => {
                Err(Failure::from(Fault::Refused { message }))
            }
            Err(crate::sandbox::ConfigRefusal::Faulted { fault }) => Err(fault.into()),
        },
    };
    match outcome {
        Ok(cost) => (Ok(()), cost),
        Err(Failure { fault, cost }) => (Err(fault), cost),
    }
}

async fn batch(plugin: &Plugin, events: usize) -> Result<Cost, Failure> {
    let events: Vec<GuestEvent> = (0..events).map(|number| event(&number.to_string())).collect();
    let expected = events.len();
    let ran = plugin.run_batch(no_config(), events).await?;
    assert_eq!(ran.results.len(), expected);
    for result in ran.results {
        assert!(forwarded(&result?).len() <= PluginLimits::default().outputs as usize);
    }
    Ok(ran.cost)
}

fn within(cost: &Cost, limits: &PluginLimits) -> Result<(), String> {
    let written: usize =
        cost.kv.iter().map(|(key, value)| key.len() + value.as_ref().map_or(0, Vec::len)).sum();
    let rows = [
        ("ms of CPU", cost.cpu.as_millis() as u64, limits.cpu.as_millis() as u64 * u64::from(CPU_SLACK)),
        ("bytes of memory", cost.memory_peak_bytes, limits.memory_bytes),
        ("lines of log", cost.log.len() as u64, u64::from(limits.log_lines)),
        (
            "bytes of a line",
            cost.log.iter().map(|line| line.message.len() as u64).max().unwrap_or(0),
            u64::from(limits.log_line_bytes),
        ),
        ("keys", cost.kv.len() as u64, 100),
        ("bytes kept", written as u64, 1 << 20),
    ];
    match rows.into_iter().find(|(_, seen, most)| seen > most) {
        Some((what, seen, most)) => Err(format!("{seen} {what} of at most {most}")),
        None => Ok(()),
    }
}

/// What every guest is given: two values of its own.
pub(super) fn given() -> HostContext {
    HostContext { kv: Some(Arc::new(Own)), now_ms: 1, ..HostContext::default() }
}

struct Own;

impl KvRead for Own {
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
        Ok(key.starts_with("own").then(|| vec![7; 64 << 10]))
    }

    fn keys(&self, prefix: &str, limit: usize) -> Result<Vec<String>, String> {
        let keys = ["own-1", "own-2"].into_iter().filter(|key| key.starts_with(prefix));
        Ok(keys.take(limit).map(str::to_owned).collect())
    }
}

fn text(error: impl ToString) -> String {
    error.to_string()
}

/// Memory of this process that is resident.
pub(super) fn resident_bytes() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = pages.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}
