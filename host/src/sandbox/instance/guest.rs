//! The exports of the contract, however the guest runs: as a component, or directly. Not here: making instances.

use std::sync::Arc;

use wasmtime::Store;

use crate::domain::plugin::GuestEvent;
use crate::sandbox::direct::Exports;
use crate::sandbox::direct::GuestAnswer;
use crate::sandbox::host::state::GuestState;
use crate::sandbox::module::bindings;

/// An instance that was made.
pub(crate) enum Guest<'g> {
    Component(&'g bindings::Plugin),
    Direct(&'g Exports),
}

impl Guest<'_> {
    pub(crate) async fn manifest(&self, store: &mut Store<GuestState>) -> wasmtime::Result<String> {
        match self {
            Self::Component(plugin) => plugin.call_manifest(store).await,
            Self::Direct(exports) => exports.manifest.call(store, |lift, place| lift.manifest(place)).await,
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
                exports.configure.call(store, |lift, place| lift.configured(place)).await
            }
        }
    }

    /// Hands over one event to a guest that was configured.
    pub(crate) async fn transform(
        &self,
        store: &mut Store<GuestState>,
        event: GuestEvent,
    ) -> wasmtime::Result<GuestAnswer> {
        match self {
            Self::Component(plugin) => {
                let headers = borrowed(&event);
                plugin.call_transform(store, lent(&event, &headers)).await
            }
            Self::Direct(exports) => {
                store.data_mut().border.event(event);
                exports.transform.call(store, |lift, place| lift.transformed(place)).await
            }
        }
    }

    /// Hands over several events.
    pub(crate) async fn transform_batch(
        &self,
        store: &mut Store<GuestState>,
        events: Vec<GuestEvent>,
    ) -> wasmtime::Result<Vec<GuestAnswer>> {
        match self {
            Self::Component(plugin) => {
                let headers: Vec<_> = events.iter().map(borrowed).collect();
                let events: Vec<_> =
                    events.iter().zip(&headers).map(|(event, headers)| lent(event, headers)).collect();
                plugin.call_transform_batch(store, &events).await
            }
            Self::Direct(exports) => {
                store.data_mut().border.events(events);
                exports.transform_batch.call(store, |lift, place| lift.batch(place)).await
            }
        }
    }
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
