//! Uploads: what is taken, what is refused and why, what is on the disk afterwards.

use bytes::Bytes;

use crate::domain::grant::Grants;
use crate::domain::plugin::Artifact;
use crate::domain::plugin::Digest;
use crate::domain::plugin::PluginLimits;
use crate::sandbox::Compiler;
use crate::sandbox::Refusal;
use crate::sandbox::RefusalCode;
use crate::sandbox::SandboxError;
use crate::sandbox::tests::bombs::identity;
use crate::sandbox::tests::bombs::module;
use crate::sandbox::tests::support::Room;
use crate::sandbox::tests::support::TENANT;
use crate::sandbox::tests::support::event;
use crate::sandbox::tests::support::forwarded;
use crate::sandbox::tests::support::guest;
use crate::sandbox::tests::support::no_config;
use crate::sandbox::tests::support::patched;
use crate::sandbox::tests::support::sandbox;

fn component(module: &[u8]) -> Vec<u8> {
    wit_component::ComponentEncoder::default().validate(true).module(module).unwrap().encode().unwrap()
}

fn files(room: &Room) -> Vec<String> {
    let list = std::fs::read_dir(room.dir.path().join("plugins")).unwrap();
    let mut names: Vec<_> = list.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn takes_components_and_core_modules() {
    let room = Room::new();
    let core = guest("hostile");
    for bytes in [core.clone(), Bytes::from(component(&core))] {
        let admitted = room.sandbox.admit(bytes.clone()).await.unwrap();
        assert_eq!(admitted.imports, ["log"]);
        assert_eq!(
            (admitted.name.as_str(), admitted.version.as_str(), admitted.abi),
            ("hostile", "1.0.0", 1)
        );
        assert_eq!(admitted.headers_wanted, ["x-attack"]);
        assert_eq!(admitted.size, bytes.len() as u64);
        assert!(admitted.manifest_json.contains("attacks its host"));
        assert_eq!(room.sandbox.module(&admitted.digest).await.unwrap(), bytes);
        // The same again is fine.
        assert_eq!(room.sandbox.admit(bytes).await.unwrap(), admitted);
        let plugin = room.sandbox.load(TENANT, &admitted.digest, Grants::default()).await.unwrap();
        assert_eq!(forwarded(&plugin.run(no_config(), event("behave")).await.unwrap().verdict).len(), 1);
    }
    assert_eq!(files(&room).len(), 6, "two modules, their code and its checksums: {:?}", files(&room));
}

async fn refused(room: &Room, bytes: impl Into<Bytes>) -> Refusal {
    let refusal = room.sandbox.admit(bytes.into()).await.unwrap_err();
    assert_eq!(files(room), Vec::<String>::new(), "a refused upload leaves nothing");
    refusal
}

#[tokio::test]
async fn refuses_with_a_name() {
    let room = Room::new();
    let core = guest("hostile");
    let whole = component(&core);
    let check = async |bytes: Vec<u8>, code: RefusalCode, detail: &str| {
        let refusal = refused(&room, bytes).await;
        assert_eq!(refusal.code, code, "{refusal}");
        assert!(refusal.detail.contains(detail), "{refusal}");
    };
    check(vec![], RefusalCode::NotWasm, "not WebAssembly").await;
    check(b"#!/bin/sh".to_vec(), RefusalCode::NotWasm, "not WebAssembly").await;
    check(b"\0asm".to_vec(), RefusalCode::Invalid, "cut off").await;
    check(b"\0asm\x07\0\0\0".to_vec(), RefusalCode::Invalid, "").await;
    check(
        b"\0asm\x01\0\0\0".to_vec(),
        RefusalCode::MissingExport,
        "`manifest`, `configure`, `transform`, `transform-batch`",
    )
    .await;
    check(b"\0asm\x0d\0\x01\0".to_vec(), RefusalCode::MissingExport, "`manifest`").await;
    for length in [9, 100, whole.len() / 3, whole.len() / 2, whole.len() - 1] {
        check(whole[..length].to_vec(), RefusalCode::Invalid, "").await;
    }
    check(vec![0; (32 << 20) + 1], RefusalCode::TooLarge, "33554433 bytes of at most 33554432").await;
    check(module(vec![identity()]), RefusalCode::Invalid, "does not carry its WIT").await;
    // One export renamed; its length stands before it.
    let mut renamed = core.to_vec();
    let at = renamed.windows(16).position(|part| part == b"\x0ftransform-batch").unwrap();
    renamed[at..at + 16].copy_from_slice(b"\x0ftransform-botch");
    check(renamed, RefusalCode::MissingExport, "does not export `transform-batch`;").await;
}

#[tokio::test]
async fn refuses_imports_that_are_not_offered_by_name() {
    let room = Room::new();
    let import = |module: &str, name: &str| {
        let mut types = wasm_encoder::TypeSection::new();
        types.ty().function([], []);
        let mut imports = wasm_encoder::ImportSection::new();
        imports.import(module, name, wasm_encoder::EntityType::Function(0));
        let mut module = wasm_encoder::Module::new();
        module.section(&types).section(&imports);
        module.finish()
    };
    let refusal = refused(&room, import("wasi_snapshot_preview1", "fd_write")).await;
    assert_eq!(refusal.code, RefusalCode::ImportNotOffered);
    assert!(refusal.detail.contains("`wasi_snapshot_preview1.fd_write`"), "{refusal}");

    let mut types = wasm_encoder::ComponentTypeSection::new();
    types.instance(&wasm_encoder::InstanceType::new());
    let mut imports = wasm_encoder::ComponentImportSection::new();
    for name in ["wasi:sockets/tcp@0.2.0", "hookmill:plugin/files@1.0.0"] {
        imports.import(name, wasm_encoder::ComponentTypeRef::Instance(0));
    }
    let mut wants = wasm_encoder::Component::new();
    wants.section(&types).section(&imports);
    let refusal = refused(&room, wants.finish()).await;
    assert_eq!(refusal.code, RefusalCode::ImportNotOffered);
    assert!(refusal.detail.contains("`hookmill:plugin/files@1.0.0`, `wasi:sockets/tcp@0.2.0`"), "{refusal}");

    // Only the interface that it carries tells: no function of these types is imported.
    let refusal =
        refused(&room, patched("hostile", "hookmill:plugin/types@1", "hookmill:plugin/tapes@1")).await;
    assert_eq!(refusal.code, RefusalCode::ImportNotOffered);
    assert!(refusal.detail.contains("`hookmill:plugin/tapes@1.0.0`"), "{refusal}");
}

#[tokio::test]
async fn holds_a_plugin_to_its_word() {
    let room = Room::new();
    let check = async |from: &str, to: &str, code: RefusalCode, detail: &str| {
        let refusal = refused(&room, patched("hostile", from, to)).await;
        assert_eq!((refusal.code, refusal.detail.as_str()), (code, detail));
    };
    check(
        r#""drop": "dropped""#,
        r#""drop": "DROPPED""#,
        RefusalCode::ExampleFailed,
        r#"example "drops": dropped for "dropped" instead of "DROPPED""#,
    )
    .await;
    check(
        r#""payload": {"a": 1}}]"#,
        r#""payload": {"a": 2}}]"#,
        RefusalCode::ExampleFailed,
        r#"example "behaves": output 0: payload has `1` instead of `2` at /a"#,
    )
    .await;
    check(
        r#""id": "refuse""#,
        r#""id": "panic!""#,
        RefusalCode::ExampleFailed,
        r#"example "refuses": expected a refusal with "no thanks", but it forwarded 1 outputs"#,
    )
    .await;
    check(
        r#""name": "hostile""#,
        r#""name": "Hostile""#,
        RefusalCode::BadManifest,
        "/name: expected 1 to 64 of a-z, 0-9, - and _, the first a letter",
    )
    .await;
}

#[tokio::test]
async fn names_faults_of_the_manifest() {
    let room = Room::new();
    for (attack, code) in [("endless-loop", "out_of_time"), ("panic       ", "trapped")] {
        let refusal = refused(&room, patched("hostile", "manifest-attack: none   ", &padded(attack))).await;
        assert_eq!(refusal.code, RefusalCode::Faulted, "{refusal}");
        assert_eq!(refusal.fault.unwrap().code(), code);
    }
}

/// 24 bytes that make `manifest` attack.
fn padded(attack: &str) -> String {
    let text = format!("{:<24}", format!("manifest-attack: {}", attack.trim()));
    match text.len() {
        24 => text,
        _ => format!("{:<24}", attack.trim()),
    }
}

#[tokio::test]
async fn loads_again_after_a_restart_and_after_another_engine() {
    let room = Room::new();
    let digest = room.sandbox.admit(guest("lead")).await.unwrap().digest;
    let Room { sandbox: first, dir } = room;
    drop(first);

    // A restart with a compiler that cannot work: the code on the disk is enough.
    let nobody = Compiler::Child("/nonexistent/hookmill".into());
    let second = sandbox(dir.path(), PluginLimits::default(), nobody);
    let plugin = second.load(TENANT, &digest, Grants::default()).await.unwrap();
    assert_eq!(forwarded(&plugin.run(no_config(), event("e")).await.unwrap().verdict).len(), 1);
    drop(second);

    // Another engine: its code is named otherwise. Ours is made anew, theirs is cleared away.
    let list = || std::fs::read_dir(dir.path().join("plugins")).unwrap().map(|entry| entry.unwrap().path());
    let ours = list().find(|path| path.extension().is_some_and(|end| end == "cwasm")).unwrap();
    let theirs = ours.with_file_name(format!("{}.0123456789abcdef.cwasm", digest.hex()));
    std::fs::rename(&ours, &theirs).unwrap();
    let third = sandbox(dir.path(), PluginLimits::default(), Compiler::InProcess);
    let plugin = third.load(TENANT, &digest, Grants::default()).await.unwrap();
    assert!(!plugin.is_prepared() && third.artifact(&digest) == Artifact::Building);
    plugin.prepare().await.unwrap();
    assert!(plugin.is_prepared() && third.artifact(&digest) == Artifact::Ready);
    assert!(ours.exists() && !theirs.exists(), "{:?}", list().collect::<Vec<_>>());

    third.remove(&digest).await.unwrap();
    third.remove(&digest).await.unwrap();
    assert!(!third.has(&digest));
    assert!(matches!(
        third.load(TENANT, &digest, Grants::default()).await,
        Err(SandboxError::Unknown { .. })
    ));
}

#[tokio::test]
async fn damaged_files_are_seen() {
    let room = Room::new();
    let digest = room.sandbox.admit(guest("lead")).await.unwrap().digest;
    for entry in std::fs::read_dir(room.dir.path().join("plugins")).unwrap() {
        std::fs::write(entry.unwrap().path(), b"\0asm and then nothing").unwrap();
    }
    let plugin = room.sandbox.load(TENANT, &digest, Grants::default()).await.unwrap();
    assert!(matches!(plugin.prepare().await, Err(SandboxError::Damaged { .. })));
    assert!(
        matches!(room.sandbox.artifact(&digest), Artifact::Failed(why) if why.contains("upload it again"))
    );
    let other = Digest::from_bytes([7; 32]);
    assert!(matches!(room.sandbox.module(&other).await, Err(SandboxError::Unknown { .. })));
}

/// Code whose head is whole: the engine itself would take it.
#[tokio::test]
async fn code_that_another_hand_wrote_is_not_run() {
    let room = Room::new();
    let digest = room.sandbox.admit(guest("lead")).await.unwrap().digest;
    let list =
        || std::fs::read_dir(room.dir.path().join("plugins")).unwrap().map(|entry| entry.unwrap().path());
    let code = list().find(|path| path.extension().is_some_and(|end| end == "cwasm")).unwrap();
    let whole = std::fs::read(&code).unwrap();
    let mut damaged = whole.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    std::fs::write(&code, &damaged).unwrap();
    let plugin = room.sandbox.load(TENANT, &digest, Grants::default()).await.unwrap();
    assert!(!plugin.is_prepared());
    let calls = (0..8).map(|_| plugin.run(no_config(), event("e")));
    for ran in futures::future::join_all(calls).await {
        assert_eq!(forwarded(&ran.unwrap().verdict).len(), 1);
    }
    assert_ne!(std::fs::read(&code).unwrap(), damaged);
    assert!(!room.sandbox.build(&digest).await.unwrap(), "it is there again");
}
