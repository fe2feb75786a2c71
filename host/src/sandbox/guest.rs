//! The exports of the contract, however the guest runs: as a component, or directly. Not here: making instances.

use std::sync::Arc;

use wasmtime::Store;

use crate::domain::plugin::GuestEvent;
use crate::sandbox::bindings;
use crate::sandbox::direct::Exports;
use crate::sandbox::direct::Lift;
use crate::sandbox::faults;
use crate::sandbox::state::GuestState;

/// An instance that was made.
pub(crate) enum Guest<'g> {
    Component(&'g bindings::Plugin),
    Direct(&'g Exports),
}

/// What a plugin answers to an event.
pub(crate) type Answer = Result<bindings::Verdict, String>;

impl Guest<'_> {
    pub(crate) async fn manifest(&self, store: &mut Store<GuestState>) -> wasmtime::Result<String> {
        match self {
            Self::Component(plugin) => plugin.call_manifest(store).await,
            Self::Direct(exports) => {
                let place = exports.manifest.call_async(&mut *store, ()).await?;
                lift(store, exports).manifest(place)
            }
        }
    }

    pub(crate) async fn configure(
        &self,
        store: &mut Store<GuestState>,
        config: Arc<str>,
    ) -> wasmtime::Result<Result<(), String>> {
        match self {
            Self::Component(plugin) => plugin.call_configure(store, &config).await,
            Self::Direct(exports) => {
                store.data_mut().border.config(config);
                let place = exports.configure.call_async(&mut *store, ()).await?;
                let answer = lift(store, exports).configured(place)?;
                if let Some(after) = &exports.after_configure {
                    store.data_mut().border.set_cleans_up(true);
                    after.call_async(&mut *store, place).await?;
                    store.data_mut().border.set_cleans_up(false);
                }
                Ok(answer)
            }
        }
    }

    /// Hands over one event to a guest that was configured.
    pub(crate) async fn transform(
        &self,
        store: &mut Store<GuestState>,
        event: GuestEvent,
    ) -> wasmtime::Result<Answer> {
        match self {
            Self::Component(plugin) => {
                let headers = borrowed(&event);
                plugin.call_transform(store, lent(&event, &headers)).await
            }
            Self::Direct(exports) => {
                store.data_mut().border.event(event);
                let place = exports.transform.call_async(&mut *store, ()).await?;
                lift(store, exports).transformed(place)
            }
        }
    }

    /// Hands over several events.
    pub(crate) async fn transform_batch(
        &self,
        store: &mut Store<GuestState>,
        events: Vec<GuestEvent>,
    ) -> wasmtime::Result<Vec<Answer>> {
        match self {
            Self::Component(plugin) => {
                let headers: Vec<_> = events.iter().map(borrowed).collect();
                let events: Vec<_> =
                    events.iter().zip(&headers).map(|(event, headers)| lent(event, headers)).collect();
                plugin.call_transform_batch(store, &events).await
            }
            Self::Direct(exports) => {
                store.data_mut().border.events(events);
                let place = exports.transform_batch.call_async(&mut *store, ()).await?;
                lift(store, exports).batch(place)
            }
        }
    }
}

/// Reads the answer of a call, which may carry so many bytes.
fn lift<'m>(store: &'m Store<GuestState>, exports: &Exports) -> Lift<'m> {
    Lift::new(exports.memory.data(store), faults::border_bytes(&store.data().limits))
}

fn borrowed(event: &GuestEvent) -> Vec<(&str, &str)> {
    event.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

fn lent<'a>(event: &'a GuestEvent, headers: &'a [(&'a str, &'a str)]) -> bindings::Event<'a> {
    bindings::Event {
        id: &event.id,
        event_type: &event.event_type,
        source: &event.source,
        received_at: &event.received_at,
        headers,
        content_type: &event.content_type,
        payload: &event.payload,
    }
}
