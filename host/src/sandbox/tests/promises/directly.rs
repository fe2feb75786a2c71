//! What runs directly and what does not, and that nobody can tell the difference by its results. Not here: that nothing
//! survives (`forgetting`), attacks, which come to both.

use wit_component::StringEncoding;

use crate::domain::grant::Grants;
use crate::domain::plugin::Fault;
use crate::domain::plugin::PluginBudget;
use crate::domain::plugin::Verdict;
use crate::sandbox::Plugin;
use crate::sandbox::direct;
use crate::sandbox::tests::promises::wat::component;
use crate::sandbox::tests::promises::wat::encoded;
use crate::sandbox::tests::promises::wat::honest;
use crate::sandbox::tests::promises::wat::named;
use crate::sandbox::tests::support::Room;
use crate::sandbox::tests::support::event;
use crate::sandbox::tests::support::example;
use crate::sandbox::tests::support::guest;
use crate::sandbox::tests::support::no_config;
use crate::sandbox::tier::NATIVE;

pub(super) async fn loaded(room: &Room, module: Vec<u8>) -> Plugin {
    let admitted = room.sandbox.admit(module.into()).await.unwrap();
    room.sandbox.load(&admitted.digest, Grants::default()).await.unwrap()
}

/// With a component within that has an empty core module, which makes no difference but to who runs it.
pub(super) fn not_followed(mut component: Vec<u8>) -> Vec<u8> {
    component.extend(b"\x04\x12\0asm\x0d\0\x01\0\x01\x08\0asm\x01\0\0\0");
    component
}

/// The same guest, uploaded as a core module, as the component that is made of it, and as one that is run as such.
#[tokio::test]
async fn a_guest_answers_alike_directly_and_as_a_component() {
    let room = Room::new();
    let directly = room.plugin("hostile").await;
    let connected = component(&guest("hostile"));
    let component = loaded(&room, not_followed(connected.clone())).await;
    let connected = loaded(&room, connected).await;
    let told = async |plugin: &Plugin, config: &str, name: &str| {
        let (answer, cost) = match plugin.run(config.into(), event(name)).await {
            Ok(ran) => (Ok(ran.verdict), ran.cost),
            // The words of a trap, and where it was, are the engine's own.
            Err(failure) => match failure.fault {
                Fault::Trapped { trap, .. } => (Err(trap), failure.cost),
                fault => (Err(fault.to_string()), failure.cost),
            },
        };
        (answer, cost.log, cost.log_dropped, cost.memory_peak_bytes)
    };
    for name in [
        "echo",
        "count",
        "behave",
        "refuse",
        "panic",
        "bad-pointer",
        "bad-utf8",
        "big-output",
        "five-megabytes",
        "many-outputs",
        "aliased-outputs",
        "grow",
        "grow-politely",
        "recurse-thin",
        "leave",
    ] {
        let expected = told(&component, "{}", name).await;
        for plugin in [&directly, &connected] {
            assert_eq!(told(plugin, "{}", name).await, expected, "{name}");
        }
    }
    for config in ["bad-config", r#"{"attack":"panic"}"#, r#"{"attack":"grow"}"#] {
        let expected = told(&component, config, "echo").await;
        for plugin in [&directly, &connected] {
            assert_eq!(told(plugin, config, "echo").await, expected, "{config}");
        }
    }
    assert_eq!(component.instances_kept(), 0);
}

/// What the SDK builds runs directly, unless it has grants: a change that lost that would cost every event some 15 µs.
#[test]
fn plugins_of_the_sdk_run_directly() {
    for (module, directly) in [
        (example("filter-leads"), true),
        (example("github-to-slack"), true),
        (example("lookup"), false),
        (guest("hostile"), true),
    ] {
        let component = component(&module);
        assert_eq!(direct::prepared(&module, &component, &NATIVE).is_some(), directly);
        assert_eq!(direct::prepared(&component, &component, &NATIVE).is_some(), directly);
        assert!(direct::prepared(&component, &not_followed(component.clone()), &NATIVE).is_none());
    }
}

/// Without imports a component holds but one core module, which could be taken for the whole.
#[tokio::test]
async fn a_component_without_imports_is_not_taken_for_its_module() {
    let room = Room::new();
    let alone = loaded(&room, honest().build()).await;
    let connected = loaded(&room, component(&honest().build())).await;
    for plugin in [&alone, &connected] {
        let ran = plugin.run(no_config(), event("e")).await.unwrap();
        assert_eq!(ran.verdict, Verdict::Forward(Vec::new()));
        assert_eq!(plugin.instances_kept(), 1);
    }
}

/// A component that carries core modules is ours alone: what it says would be believed.
#[tokio::test]
async fn nobody_else_says_what_is_put_back() {
    let module = honest().build();
    let carrier = direct::prepared(&module, &component(&module), &NATIVE).unwrap();
    let mut exporting = component(&module);
    // The first core module, under the name of a plan: a section of one export, without a type.
    exporting.extend(b"\x0b\x0b\x01\0\x04plan\0\x11\0\0");
    let room = Room::new();
    for module in [carrier, exporting] {
        wasmparser::Validator::new().validate_all(&module).unwrap();
        assert!(room.sandbox.admit(module.into()).await.is_err());
    }
}

/// A guest that has its text in UTF-16 is read so.
#[tokio::test]
async fn text_in_another_encoding_is_understood() {
    let json = r#"{"name":"wide","version":"1"}"#;
    let units: Vec<String> =
        json.encode_utf16().flat_map(u16::to_le_bytes).map(|byte| format!("\\{byte:02x}")).collect();
    let manifest = format!(
        "(i32.store (i32.const 16) (i32.const 2048)) (i32.store (i32.const 20) (i32.const {})) (i32.const 16)",
        json.len()
    );
    let wide =
        honest().manifest(&manifest).items(&format!(r#"(data (i32.const 2048) "{}")"#, units.concat()));
    let room = Room::new();
    let admitted = room.sandbox.admit(encoded(wide.text(), StringEncoding::UTF16).into()).await.unwrap();
    assert_eq!(admitted.name, "wide");
}

/// An instance that is there does not lend its memory to a call that may not have so much.
#[tokio::test]
async fn a_smaller_budget_is_held_to_where_an_instance_is_there() {
    let room = Room::new();
    let plugin = room.plugin("lead").await;
    plugin.run(no_config(), event("e")).await.unwrap();
    assert_eq!(plugin.instances_kept(), 1);
    let budget = PluginBudget { memory_bytes: Some(1 << 20), ..PluginBudget::default() };
    let failure = plugin.within(budget, None).run(no_config(), event("e")).await.unwrap_err();
    assert!(
        matches!(failure.fault, Fault::OutOfMemory { limit_bytes } if limit_bytes == 1 << 20),
        "{failure}"
    );
}

/// The event that was not handed over is not handed to the next.
#[tokio::test]
async fn a_refused_configuration_leaves_nothing_behind() {
    let room = Room::new();
    let plugin = room.plugin("lead").await;
    for _ in 0..3 {
        let refused = plugin.run(r#"{"min_confidence":"much"}"#.into(), event("first")).await.unwrap_err();
        assert!(matches!(refused.fault, Fault::Refused { .. }), "{refused}");
        assert_eq!(plugin.instances_kept(), 1);
        let ran = plugin.run(r#"{"min_confidence":0.95}"#.into(), event("second")).await.unwrap();
        assert_eq!(ran.verdict, Verdict::Drop("confidence 0.9".to_owned()));
    }
}

/// However many plugins ran once, one that runs now has its instance.
#[tokio::test]
async fn who_waits_longest_makes_room() {
    let room = Room::new();
    let mut plugins = Vec::new();
    for number in 0..NATIVE.put_back.idle + 2 {
        let plugin = loaded(&room, named(&format!("p{number}")).build()).await;
        plugin.run(no_config(), event("e")).await.unwrap();
        plugins.push(plugin);
    }
    let kept = |plugins: &[Plugin]| plugins.iter().map(Plugin::instances_kept).collect::<Vec<_>>();
    assert_eq!(kept(&plugins)[..3], [0, 0, 1]);
    assert_eq!(kept(&plugins).iter().sum::<usize>(), NATIVE.put_back.idle);
    plugins[2].run(no_config(), event("e")).await.unwrap();
    plugins[0].run(no_config(), event("e")).await.unwrap();
    assert_eq!(kept(&plugins)[..4], [1, 0, 1, 0]);
    plugins.truncate(2);
    for plugin in &plugins {
        plugin.run(no_config(), event("e")).await.unwrap();
        assert_eq!(plugin.instances_kept(), 1);
    }
}
