//! Guests that wait within a call of the host, and hosts that cannot answer: the wait counts against the wall time, and
//! whose fault it is stays clear. Not here: what guests ask for (`imports`).

use std::sync::Arc;
use std::time::Duration;

use crate::domain::grant::Grants;
use crate::domain::plugin::Blame;
use crate::domain::plugin::Fault;
use crate::domain::plugin::PluginLimits;
use crate::sandbox::HostContext;
use crate::sandbox::KvRead;
use crate::sandbox::Plugin;
use crate::sandbox::SandboxError;
use crate::sandbox::tests::promises::wat::Guest;
use crate::sandbox::tests::promises::wat::KV;
use crate::sandbox::tests::promises::wat::honest;
use crate::sandbox::tests::support::Room;
use crate::sandbox::tests::support::TENANT;
use crate::sandbox::tests::support::event;
use crate::sandbox::tests::support::no_config;

/// Reads as often as it may, and answers.
fn reader() -> Guest {
    honest().imports(KV).transform(
        "(local $turn i32)
         (loop $again
           (call $get (i32.const 1024) (i32.const 6) (i32.const 600))
           (local.set $turn (i32.add (local.get $turn) (i32.const 1)))
           (br_if $again (i32.lt_u (local.get $turn) (i32.const 1000))))
         (call $ok)",
    )
}

enum Disk {
    Slow,
    Away,
    Broken,
}

impl KvRead for Disk {
    fn get(&self, _: &str) -> Result<Option<Vec<u8>>, String> {
        match self {
            Self::Slow => {
                std::thread::sleep(Duration::from_millis(5));
                Ok(None)
            }
            Self::Away => Err(format!("the disk is away {}", "!".repeat(10_000))),
            Self::Broken => panic!("the disk is broken"),
        }
    }

    fn keys(&self, _: &str, _: usize) -> Result<Vec<String>, String> {
        Ok(Vec::new())
    }
}

async fn loaded(room: &Room) -> Plugin {
    let admitted = room.sandbox.admit(reader().build().into()).await.unwrap();
    room.sandbox.load(TENANT, &admitted.digest, Grants::all()).await.unwrap()
}

async fn read(plugin: &Plugin, disk: Disk) -> Fault {
    let given = HostContext { kv: Some(Arc::new(disk)), ..HostContext::default() };
    plugin.run_with(given, no_config(), event("e")).await.unwrap_err().fault
}

#[tokio::test]
async fn waits_within_the_host_end_with_the_wall_time() {
    let room = Room::with(PluginLimits { wall: Duration::from_millis(100), ..PluginLimits::default() });
    let plugin = loaded(&room).await;
    // A thousand reads would wait for five seconds. It is not the guest that is slow.
    let fault = read(&plugin, Disk::Slow).await;
    assert!(matches!(&fault, Fault::Host { detail } if detail.contains("within 100ms")), "{fault}");
    plugin.run(no_config(), event("e")).await.unwrap();
}

#[tokio::test]
async fn a_host_that_cannot_answer_is_to_blame_itself() {
    let room = Room::new();
    let plugin = loaded(&room).await;
    for (disk, said) in [(Disk::Away, "the disk is away"), (Disk::Broken, "panicked")] {
        let fault = read(&plugin, disk).await;
        assert_eq!(fault.blame(), Blame::Host, "{fault}");
        assert!(fault.to_string().contains(said) && fault.to_string().len() < 1000, "{fault}");
        plugin.run(no_config(), event("e")).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_not_granted_is_not_linked() {
    let room = Room::new();
    let admitted = room.sandbox.admit(reader().build().into()).await.unwrap();
    assert_eq!(admitted.imports, ["kv"]);
    let error = room.sandbox.load(TENANT, &admitted.digest, Grants::default()).await.unwrap_err();
    assert!(matches!(&error, SandboxError::Unloadable { .. }) && error.to_string().contains("kv"), "{error}");
}
