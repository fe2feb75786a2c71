//! What the tests of this room share: sandboxes in folders of their own, guests, events.

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::OnceLock;

use bytes::Bytes;
use tempfile::TempDir;
use wasm_encoder::Encode as _;
use wasm_encoder::RawSection;
use wasmparser::Parser;
use wasmparser::Payload;

use crate::domain::grant::Grants;
use crate::domain::id::WorkspaceId;
use crate::domain::plugin::GuestEvent;
use crate::domain::plugin::Output;
use crate::domain::plugin::PluginLimits;
use crate::domain::plugin::Verdict;
use crate::sandbox::Compiler;
use crate::sandbox::Plugin;
use crate::sandbox::Sandbox;
use crate::sandbox::SandboxOptions;

/// Whose plugins these are, where it makes no difference.
pub(super) const TENANT: WorkspaceId = WorkspaceId::from_bits(1);

/// A sandbox and its folder.
pub(super) struct Room {
    pub(super) sandbox: Sandbox,
    pub(super) dir: TempDir,
}

impl Room {
    pub(super) fn new() -> Self {
        Self::with(PluginLimits::default())
    }

    pub(super) fn with(limits: PluginLimits) -> Self {
        Self::of(limits, |_| ())
    }

    /// With these limits for interpreted guests as well.
    pub(super) fn with_both(limits: PluginLimits) -> Self {
        Self::of(limits, |options| options.interpreted.limits = limits)
    }

    pub(super) fn of(limits: PluginLimits, change: impl FnOnce(&mut SandboxOptions)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut options = options(dir.path(), limits, Compiler::InProcess);
        change(&mut options);
        Self { sandbox: Sandbox::new(options).unwrap(), dir }
    }

    /// Admits a guest and loads it.
    pub(super) async fn plugin(&self, name: &str) -> Plugin {
        self.loaded(guest(name)).await
    }

    /// The same as an interpreted one.
    pub(super) async fn interpreted(&self, name: &str) -> Plugin {
        self.loaded(interpreted(&guest(name))).await
    }

    /// Admits a module and loads it for a tenant.
    pub(super) async fn loaded(&self, module: impl Into<Bytes>) -> Plugin {
        self.loaded_for(TENANT, module).await
    }

    pub(super) async fn loaded_for(&self, tenant: WorkspaceId, module: impl Into<Bytes>) -> Plugin {
        let admitted = self.sandbox.admit(module.into()).await.unwrap();
        self.sandbox.load(tenant, &admitted.digest, Grants::default()).await.unwrap()
    }
}

/// A core module with so large a table that it counts as an interpreted guest.
pub(super) fn interpreted(module: &[u8]) -> Vec<u8> {
    with_table(module, 20_001)
}

/// A core module with one more table, of so many entries.
pub(super) fn with_table(module: &[u8], entries: u32) -> Vec<u8> {
    const TABLES: u8 = 4;
    let mut table = vec![0x70, 0];
    entries.encode(&mut table);
    let (mut made, mut is_there) = (wasm_encoder::Module::new(), false);
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload.unwrap();
        let Some((id, range)) = payload.as_section() else { continue };
        let mut data = module[range].to_vec();
        if let Payload::TableSection(section) = &payload {
            let mut tables = Vec::new();
            (section.count() + 1).encode(&mut tables);
            let mut before = Vec::new();
            section.count().encode(&mut before);
            tables.extend(&data[before.len()..]);
            tables.extend(&table);
            (data, is_there) = (tables, true);
        } else if id > TABLES && !is_there {
            made.section(&RawSection { id: TABLES, data: &[&[1], &table[..]].concat() });
            is_there = true;
        }
        made.section(&RawSection { id, data: &data });
    }
    made.finish()
}

pub(super) fn sandbox(dir: &Path, limits: PluginLimits, compiler: Compiler) -> Sandbox {
    Sandbox::new(options(dir, limits, compiler)).unwrap()
}

fn options(dir: &Path, limits: PluginLimits, compiler: Compiler) -> SandboxOptions {
    let mut options = SandboxOptions::new(dir.join("plugins"), compiler, 2);
    options.native.limits = limits;
    options
}

/// The bytes of a guest of `tests/guests`, built when this is the first test that wants one.
pub(super) fn guest(name: &str) -> Bytes {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let root = BUILT.get_or_init(|| built("tests/guests/build.sh"));
    std::fs::read(root.join(format!("target/guests/{name}.wasm"))).unwrap().into()
}

/// Runs a script of the repository, and gives the repository's folder.
fn built(script: &str) -> PathBuf {
    // The generated bindings are found from the same place.
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit").canonicalize().unwrap();
    let root = wit.parent().unwrap().to_owned();
    let built = Command::new(root.join(script)).output().unwrap();
    assert!(built.status.success(), "{script}: {}", String::from_utf8_lossy(&built.stderr));
    root
}

/// A guest with some of its bytes replaced by as many others.
pub(super) fn patched(name: &str, from: &str, to: &str) -> Bytes {
    assert_eq!(from.len(), to.len());
    let mut bytes = guest(name).to_vec();
    let found: Vec<usize> = bytes
        .windows(from.len())
        .enumerate()
        .filter(|(_, part)| *part == from.as_bytes())
        .map(|(at, _)| at)
        .collect();
    assert_eq!(found.len(), 1, "{from:?} must be in {name}.wasm once");
    bytes[found[0]..found[0] + to.len()].copy_from_slice(to.as_bytes());
    bytes.into()
}

pub(super) fn event(id: &str) -> GuestEvent {
    GuestEvent {
        id: id.into(),
        event_type: "lead.seen".into(),
        source: "shop".into(),
        received_at: "2026-03-01T12:00:00Z".into(),
        headers: vec![("x-attack".to_owned(), "value".to_owned())],
        content_type: "application/json".into(),
        payload: Bytes::from_static(br#"{"signal_type":"intent_spike","confidence":0.9}"#),
    }
}

pub(super) fn no_config() -> Arc<str> {
    "{}".into()
}

pub(super) fn forwarded(verdict: &Verdict) -> &[Output] {
    match verdict {
        Verdict::Forward(outputs) => outputs,
        Verdict::Drop(reason) => panic!("dropped: {reason}"),
    }
}

/// The first in `make test`, the second in `make soak`, which sets `HOOKMILL_SOAK`.
pub(super) fn sized<T>(test: T, soak: T) -> T {
    if std::env::var_os("HOOKMILL_SOAK").is_some() { soak } else { test }
}
