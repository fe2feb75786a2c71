//! Guests made by hand: an honest one as text, in which a case replaces what it attacks with. Not here: the attacks.

use std::sync::OnceLock;

use wit_component::StringEncoding;
use wit_parser::Resolve;

use crate::sandbox::module::contract;
use crate::sandbox::tests::support;

/// Where the guest's answers lie in its memory. A result or a verdict begins at `RESULT`, the one output at `OUTPUT`;
/// bytes that are nowhere mentioned are zero up to `TEXT`, where the manifest lies.
pub(super) const RESULT: u32 = 32;
/// See [`RESULT`].
pub(super) const OUTPUT: u32 = 256;
/// See [`RESULT`].
const TEXT: u32 = 1024;

/// The imports there are, by the names that the cases call them.
pub(super) const LOG: &str = r#"(import "hookmill:plugin/log@1.0.0" "log" (func $log (param i32 i32 i32)))"#;
pub(super) const KV: &str = r#"
    (import "hookmill:plugin/kv@1.0.0" "get" (func $get (param i32 i32 i32)))
    (import "hookmill:plugin/kv@1.0.0" "set" (func $set (param i32 i32 i32 i32 i32)))
    (import "hookmill:plugin/kv@1.0.0" "delete" (func $delete (param i32 i32 i32)))
    (import "hookmill:plugin/kv@1.0.0" "keys" (func $keys (param i32 i32 i32 i32)))"#;
pub(super) const CLOCK: &str = r#"(import "hookmill:plugin/clock@1.0.0" "now-ms" (func $now (result i64)))"#;
pub(super) const RANDOM: &str = r#"
    (import "hookmill:plugin/random@1.0.0" "next" (func $next (result i64)))
    (import "hookmill:plugin/random@1.0.0" "bytes" (func $bytes (param i32 i32)))"#;

/// A guest in the text form of WebAssembly. Fields are the bodies of its functions, but for the first three.
#[derive(Clone, Debug)]
pub(super) struct Guest {
    imports: String,
    memory: String,
    items: String,
    realloc: String,
    json: String,
    manifest: String,
    configure: String,
    transform: String,
    batch: String,
}

/// Takes every event and forwards nothing.
pub(super) fn honest() -> Guest {
    named("honest")
}

/// The same by another name, which makes it another module.
pub(super) fn named(name: &str) -> Guest {
    Guest {
        imports: String::new(),
        memory: "(memory (export \"memory\") 2)".to_owned(),
        items: String::new(),
        realloc: "(call $take (local.get 3))".to_owned(),
        json: format!(r#"{{"name":"{name}","version":"1"}}"#),
        manifest: "(i32.const 16)".to_owned(),
        configure: "(call $ok)".to_owned(),
        transform: "(call $ok)".to_owned(),
        batch: "(call $each (local.get 1))".to_owned(),
    }
}

impl Guest {
    pub(super) fn imports(self, imports: &str) -> Self {
        Self { imports: imports.to_owned(), ..self }
    }

    /// So many pages of memory at first.
    pub(super) fn pages(self, pages: u32) -> Self {
        self.memory(&format!("(memory (export \"memory\") {pages})"))
    }

    pub(super) fn memory(self, memory: &str) -> Self {
        Self { memory: memory.to_owned(), ..self }
    }

    /// Further fields of the module.
    pub(super) fn items(self, items: &str) -> Self {
        Self { items: items.to_owned(), ..self }
    }

    pub(super) fn realloc(self, realloc: &str) -> Self {
        Self { realloc: realloc.to_owned(), ..self }
    }

    /// What the manifest says.
    pub(super) fn json(self, json: &str) -> Self {
        Self { json: json.to_owned(), ..self }
    }

    /// How the manifest is given.
    pub(super) fn manifest(self, manifest: &str) -> Self {
        Self { manifest: manifest.to_owned(), ..self }
    }

    pub(super) fn configure(self, configure: &str) -> Self {
        Self { configure: configure.to_owned(), ..self }
    }

    pub(super) fn transform(self, transform: &str) -> Self {
        Self { transform: transform.to_owned(), ..self }
    }

    pub(super) fn batch(self, batch: &str) -> Self {
        Self { batch: batch.to_owned(), ..self }
    }

    /// The module as text.
    pub(super) fn text(&self) -> String {
        let Self { imports, memory, items, realloc, json, manifest, configure, transform, batch } = self;
        let (length, data) = (json.len(), escaped(json.as_bytes()));
        let (first, pointer) = (escaped(&TEXT.to_le_bytes()), escaped(&(length as u32).to_le_bytes()));
        format!(
            r#"(module {imports} {memory} {HELPERS} {items}
  (func $realloc (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) {realloc})
  (func $manifest (export "manifest") (result i32) {manifest})
  (func $configure (export "configure") (param i32 i32) (result i32) {configure})
  (func $transform (export "transform")
    (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) {transform})
  (func $batch (export "transform-batch") (param i32 i32) (result i32) {batch})
  (data (i32.const 16) "{first}{pointer}")
  (data (i32.const {TEXT}) "{data}"))"#
        )
    }

    /// The module with its WIT, as tool chains leave it.
    pub(super) fn build(&self) -> Vec<u8> {
        with_wit(self.text())
    }

    /// The same as an interpreted guest.
    pub(super) fn interpreted(&self) -> Vec<u8> {
        support::interpreted(&self.build())
    }
}

/// A module of this text, with the WIT that a plugin with all grants carries.
pub(super) fn with_wit(text: String) -> Vec<u8> {
    encoded(text, StringEncoding::UTF8)
}

/// The same for one that has its text in another encoding.
pub(super) fn encoded(text: String, encoding: StringEncoding) -> Vec<u8> {
    let mut module = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let (resolve, world) = contract();
    wit_component::embed_component_metadata(&mut module, resolve, *world, encoding).unwrap();
    module
}

/// The component a module becomes.
pub(super) fn component(module: &[u8]) -> Vec<u8> {
    wit_component::ComponentEncoder::default().validate(true).module(module).unwrap().encode().unwrap()
}

/// `$take` gives that many bytes of fresh memory; `$ok` answers with nothing forwarded, `$forward` with that many
/// outputs from that place on, `$each` a batch of that many events.
const HELPERS: &str = r#"
  (global $heap (mut i32) (i32.const 65536))
  (func $take (param $bytes i32) (result i32) (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
    (global.set $heap (i32.add (local.get $at) (local.get $bytes)))
    (loop $more
      (if (i32.gt_u (global.get $heap) (i32.mul (memory.size) (i32.const 65536)))
        (then
          (if (i32.eq (memory.grow (i32.const 1)) (i32.const -1)) (then unreachable))
          (br $more))))
    (local.get $at))
  (func $ok (result i32) (call $forward (i32.const 0) (i32.const 0)))
  (func $forward (param $at i32) (param $count i32) (result i32)
    (i64.store (i32.const 32) (i64.const 0))
    (i32.store (i32.const 40) (local.get $at))
    (i32.store (i32.const 44) (local.get $count))
    (i32.const 32))
  (func $each (param $count i32) (result i32)
    (i32.store (i32.const 48) (call $take (i32.mul (local.get $count) (i32.const 16))))
    (i32.store (i32.const 52) (local.get $count))
    (i32.const 48))"#;

fn escaped(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("\\{byte:02x}")).collect()
}

/// The contract, read once.
fn contract() -> &'static (Resolve, wit_parser::WorldId) {
    static READ: OnceLock<(Resolve, wit_parser::WorldId)> = OnceLock::new();
    READ.get_or_init(|| contract::world("plugin-with-grants").unwrap())
}
