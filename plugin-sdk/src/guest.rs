//! The plugin's side of `wit/`: turns the contract's calls into those of a [`Plugin`]. Compiled for
//! wasm32 only.

use std::any::Any;
use std::cell::OnceCell;
use std::marker::PhantomData;

use crate::config;
use crate::error::Result;
use crate::event::{Event, Headers};
use crate::log::Level;
use crate::manifest;
use crate::plugin::Plugin;
use crate::verdict::{Output, Verdict};

/// Generated from `wit/`.
#[expect(missing_docs, reason = "generated")]
pub mod bindings {
    wit_bindgen::generate!({
        path: "wit",
        // What is not called is not imported: a plugin needs only the grants it uses.
        world: "plugin-with-grants",
        pub_export_macro: true,
        export_macro_name: "export_guest",
        default_bindings_module: "hookmill_plugin_sdk::__private::bindings",
        runtime_path: "wit_bindgen::rt",
    });
}

pub use bindings::export_guest;

use bindings::hookmill::plugin::types;

thread_local! {
    /// Of this instance; the type is that of its one plugin.
    static CONFIG: OnceCell<Box<dyn Any>> = const { OnceCell::new() };
}

/// Offers a [`Plugin`] as the contract wants it.
#[derive(Debug)]
pub struct Glue<P>(PhantomData<P>);

impl<P: Plugin> bindings::Guest for Glue<P> {
    fn manifest() -> String {
        manifest::of::<P>().to_string()
    }

    fn configure(text: String) -> Result<(), String> {
        log_panics();
        let config: P::Config = config::read(&text)?;
        CONFIG
            .with(|kept| kept.set(Box::new(config)))
            .map_err(|_| "this instance has its configuration already".to_string())
    }

    fn transform(event: types::Event) -> Result<types::Verdict, String> {
        let event = taken(event);
        with_config::<P, _>(|config| answered(P::transform(&event, config)))?
    }

    fn transform_batch(events: Vec<types::Event>) -> Vec<Result<types::Verdict, String>> {
        let events: Vec<Event> = events.into_iter().map(taken).collect();
        let answers = with_config::<P, _>(|config| P::transform_batch(&events, config));
        match answers {
            Ok(answers) => answers.into_iter().map(answered).collect(),
            Err(message) => vec![Err(message); events.len()],
        }
    }
}

/// A panic ends the instance, and the trap does not tell its message; a line of the log does.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| log(Level::Error, &panic.to_string())));
}

fn with_config<P: Plugin, T>(run: impl FnOnce(&P::Config) -> T) -> Result<T, String> {
    CONFIG.with(|kept| {
        let config = kept.get().and_then(|config| config.downcast_ref());
        let config = config.ok_or("an event came before the configuration")?;
        Ok(run(config))
    })
}

fn taken(event: types::Event) -> Event {
    Event {
        id: event.id,
        event_type: event.event_type,
        source: event.source,
        received_at: event.received_at,
        headers: Headers(event.headers),
        content_type: event.content_type,
        payload: event.payload,
        ..Event::default()
    }
}

fn answered(answer: Result<Verdict>) -> Result<types::Verdict, String> {
    let verdict = answer.map_err(|error| error.into_message())?.sound()?;
    Ok(match verdict {
        Verdict::Forward(outputs) => types::Verdict::Forward(outputs.into_iter().map(handed_over).collect()),
        Verdict::Drop(reason) => types::Verdict::Drop(reason),
    })
}

fn handed_over(output: Output) -> types::Output {
    types::Output {
        event_type: output.event_type,
        headers: output.headers,
        payload: output.payload,
        ordering_key: output.ordering_key,
    }
}

pub(crate) fn log(level: Level, message: &str) {
    use bindings::hookmill::plugin::log;
    let level = match level {
        Level::Debug => log::Level::Debug,
        Level::Info => log::Level::Info,
        Level::Warn => log::Level::Warn,
        Level::Error => log::Level::Error,
    };
    log::log(level, message);
}
