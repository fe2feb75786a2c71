//! What runs directly and what does not, and that nobody can tell the difference by its results. Not here: that nothing
//! survives (`forgetting`), what tenants know of each other (`tenants`), attacks, which come to both.

use wasm_encoder::ComponentExportKind;
use wasm_encoder::ComponentExportSection;
use wasm_encoder::ComponentSection as _;
use wasm_encoder::ComponentSectionId;
use wasm_encoder::InstanceSection;
use wasm_encoder::RawSection;
use wit_component::StringEncoding;

use crate::domain::plugin::Fault;
use crate::domain::plugin::PluginBudget;
use crate::domain::plugin::PluginLimits;
use crate::domain::plugin::Verdict;
use crate::sandbox::Instances;
use crate::sandbox::Plugin;
use crate::sandbox::RefusalCode;
use crate::sandbox::module::tier::INTERPRETED;
use crate::sandbox::tests::promises::wat::KV;
use crate::sandbox::tests::promises::wat::component;
use crate::sandbox::tests::promises::wat::encoded;
use crate::sandbox::tests::promises::wat::honest;
use crate::sandbox::tests::promises::wat::named;
use crate::sandbox::tests::support::Room;
use crate::sandbox::tests::support::event;
use crate::sandbox::tests::support::guest;
use crate::sandbox::tests::support::interpreted;
use crate::sandbox::tests::support::no_config;

/// With a component within that has an empty core module, which makes no difference but to who runs it.
pub(super) fn not_followed(mut component: Vec<u8>) -> Vec<u8> {
    component.extend(b"\x04\x12\0asm\x0d\0\x01\0\x01\x08\0asm\x01\0\0\0");
    component
}

/// The same guest, uploaded as a core module, as the component that is made of it, and as one that is run as such.
#[tokio::test]
async fn a_guest_answers_alike_directly_and_as_a_component() {
    let room = Room::new();
    let directly = room.interpreted("hostile").await;
    let connected = component(&interpreted(&guest("hostile")));
    let component = room.loaded(not_followed(connected.clone())).await;
    let connected = room.loaded(connected).await;
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
    assert!(directly.direct().is_some() && connected.direct().is_some() && component.direct().is_none());
}

/// How a guest runs, and why.
async fn instances(room: &Room, module: Vec<u8>) -> String {
    match room.sandbox.admit(module.into()).await.unwrap().instances {
        Instances::PutBack => "put back".to_owned(),
        Instances::Made { because } => because,
    }
}

#[tokio::test]
async fn only_interpreted_guests_without_grants_run_directly_and_others_say_why() {
    let room = Room::new();
    let own = "(table $own 1 funcref)";
    for (module, expected) in [
        (honest().interpreted(), "put back"),
        (component(&honest().interpreted()), "put back"),
        (honest().build(), "it is native code, of which an instance is soon made"),
        (component(&honest().build()), "it is native code, of which an instance is soon made"),
        (
            honest()
                .imports(KV)
                .transform("(call $get (i32.const 1024) (i32.const 6) (i32.const 600)) (call $ok)")
                .interpreted(),
            "it uses the grant kv",
        ),
        (
            honest()
                .items(&format!("{own} (func (drop (table.grow $own (ref.null func) (i32.const 0))))"))
                .interpreted(),
            "it has an instruction that is not followed: TableGrow",
        ),
        (
            honest().items("(func $ends (return_call $ends))").interpreted(),
            "a feature of WebAssembly that is not followed: tail calls support is not enabled",
        ),
        (
            honest().items("(func $s) (start $s)").interpreted(),
            "one of its modules does something when it starts",
        ),
        (not_followed(component(&honest().interpreted())), "a component within it makes something"),
    ] {
        let told = instances(&room, module).await;
        assert!(told.starts_with(expected), "{told}, not {expected}");
    }
}

#[tokio::test]
async fn a_setting_turns_it_off() {
    let room = Room::of(PluginLimits::default(), |options| options.interpreted.direct = false);
    let module = honest().interpreted();
    assert_eq!(instances(&room, module.clone()).await, "interpreted_plugins.direct is false");
    assert_eq!(room.sandbox.made_for_each().unwrap(), "interpreted_plugins.direct is false");
    let plugin = room.loaded(module.clone()).await;
    for _ in 0..2 {
        plugin.run(no_config(), event("e")).await.unwrap();
    }
    assert!(plugin.direct().is_none());
    let on = Room::new();
    assert_eq!(on.sandbox.made_for_each(), None);
    let plugin = on.loaded(module).await;
    plugin.run(no_config(), event("e")).await.unwrap();
    assert_eq!(plugin.instances_kept(), 1);
}

/// What a component exports besides is its own affair, whatever it is called.
#[tokio::test]
async fn an_export_by_the_name_of_a_plan_means_nothing() {
    let room = Room::new();
    for name in ["plan", "module0", "hookmill-module0"] {
        let mut exporting = component(&honest().interpreted());
        let mut exports = ComponentExportSection::new();
        exports.export(name, ComponentExportKind::Module, 0, None);
        exports.append_to_component(&mut exporting);
        let plugin = room.loaded(exporting).await;
        assert_eq!(plugin.run(no_config(), event("e")).await.unwrap().verdict, Verdict::Forward(Vec::new()));
        assert!(plugin.direct().is_none());
    }
}

/// A component with so many core instances in all.
fn with_instances(mut component: Vec<u8>, number: usize) -> Vec<u8> {
    let count = |component: &[u8]| {
        let (mut modules, mut instances) = (0, 0);
        for payload in wasmparser::Parser::new(0).parse_all(component) {
            match payload.unwrap() {
                wasmparser::Payload::ModuleSection { .. } => modules += 1,
                wasmparser::Payload::InstanceSection(section) => {
                    let made = |one: &wasmparser::Instance<'_>| {
                        matches!(one, wasmparser::Instance::Instantiate { .. })
                    };
                    instances += section.into_iter().map(Result::unwrap).filter(made).count();
                }
                _ => {}
            }
        }
        (modules, instances)
    };
    let (modules, there) = count(&component);
    let empty = RawSection { id: ComponentSectionId::CoreModule.into(), data: b"\0asm\x01\0\0\0" };
    empty.append_to_component(&mut component);
    let mut instances = InstanceSection::new();
    (there..number).for_each(|_| _ = instances.instantiate::<_, &str>(modules, []));
    instances.append_to_component(&mut component);
    assert_eq!(count(&component).1, number);
    component
}

/// As many core instances as a component may have, and the one that drives them.
#[tokio::test]
async fn as_many_core_instances_as_there_may_be_are_run() {
    let room = Room::new();
    let (native, interpreted) = (component(&honest().build()), component(&honest().interpreted()));
    for (component, number, directly) in [
        (&native, 19, false),
        (&native, 20, false),
        (&native, 21, true),
        (&interpreted, 59, true),
        (&interpreted, 60, true),
    ] {
        for (module, directly) in [
            (with_instances(component.clone(), number), directly),
            (not_followed(with_instances(component.clone(), number)), false),
        ] {
            let plugin = room.loaded(module).await;
            for _ in 0..2 {
                plugin.run(no_config(), event("e")).await.unwrap();
            }
            assert_eq!(plugin.instances_kept(), usize::from(directly), "{number}");
        }
    }
    let refusal = room.sandbox.admit(with_instances(interpreted, 61).into()).await.unwrap_err();
    assert_eq!(refusal.code, RefusalCode::TooComplex);
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
    let wide = encoded(wide.text(), StringEncoding::UTF16);
    let room = Room::new();
    for module in [interpreted(&wide), wide] {
        let admitted = room.sandbox.admit(module.into()).await.unwrap();
        assert_eq!(admitted.name, "wide");
        assert_ne!(admitted.instances, Instances::PutBack);
    }
}

/// An instance that is there does not lend its memory to a call that may not have so much.
#[tokio::test]
async fn a_smaller_budget_is_held_to_where_an_instance_is_there() {
    let room = Room::new();
    let plugin = room.interpreted("lead").await;
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
    let plugin = room.interpreted("lead").await;
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
    let idle = INTERPRETED.put_back.unwrap().idle;
    let mut plugins = Vec::new();
    for number in 0..idle + 2 {
        let plugin = room.loaded(named(&format!("p{number}")).interpreted()).await;
        plugin.run(no_config(), event("e")).await.unwrap();
        plugins.push(plugin);
    }
    let kept = |plugins: &[Plugin]| plugins.iter().map(Plugin::instances_kept).collect::<Vec<_>>();
    assert_eq!(kept(&plugins)[..3], [0, 0, 1]);
    assert_eq!(kept(&plugins).iter().sum::<usize>(), idle);
    plugins[2].run(no_config(), event("e")).await.unwrap();
    plugins[0].run(no_config(), event("e")).await.unwrap();
    assert_eq!(kept(&plugins)[..4], [1, 0, 1, 0]);
    plugins.truncate(2);
    for plugin in &plugins {
        plugin.run(no_config(), event("e")).await.unwrap();
        assert_eq!(plugin.instances_kept(), 1);
    }
}

/// One large event costs an instance at most: the next ones are put back again.
#[tokio::test]
async fn a_large_event_does_not_end_it() {
    let room = Room::new();
    let plugin = room.loaded(honest().pages(200).interpreted()).await;
    for bytes in [10, 270_000, 10, 10, 300_000, 3_000_000, 10, 10, 9_000_000, 10, 10] {
        let mut large = event("e");
        large.payload = vec![7; bytes].into();
        plugin.run(no_config(), large).await.unwrap();
        assert_eq!(plugin.instances_kept(), usize::from(bytes < 8 << 20), "{bytes} bytes");
    }
}
