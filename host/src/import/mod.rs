//! What other products' configurations come to here: documents for `hookmill apply`, and notes on what became of each
//! thing that was found. Pure. Not here: reading files, filling in secrets, applying anything (`cli`).

mod convoy;
mod event_types;
mod hookdeck;
mod n8n;
mod shared;
mod svix;
#[cfg(test)]
mod tests;

use serde_json::Value;

use convoy::convoy;
use event_types::asyncapi;
use event_types::openapi;
use hookdeck::hookdeck;
use n8n::n8n;
use svix::svix;

/// What can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportFrom {
    /// The webhooks of an OpenAPI description.
    OpenApi,
    /// The messages of an AsyncAPI description.
    AsyncApi,
    /// Connections of Hookdeck: the list of its API, or `terraform show -json`.
    Hookdeck,
    /// Endpoints and event types of Svix: the lists of its API.
    Svix,
    /// Projects, sources, endpoints and subscriptions of Convoy: the lists of its API.
    Convoy,
    /// Workflows of n8n that begin with a webhook.
    N8n,
}

impl ImportFrom {
    /// Each with its name.
    pub const ALL: [(&'static str, Self); 6] = [
        ("openapi", Self::OpenApi),
        ("asyncapi", Self::AsyncApi),
        ("hookdeck", Self::Hookdeck),
        ("svix", Self::Svix),
        ("convoy", Self::Convoy),
        ("n8n", Self::N8n),
    ];

    /// The one of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, from)| from)
    }

    /// What it comes to, or why it is nothing that can be read, in words.
    pub fn import(self, read: &Value) -> Result<Imported, String> {
        match self {
            Self::OpenApi => openapi(read),
            Self::AsyncApi => asyncapi(read),
            Self::Hookdeck => hookdeck(read),
            Self::Svix => svix(read),
            Self::Convoy => convoy(read),
            Self::N8n => n8n(read),
        }
    }
}

/// What another product's configuration comes to here.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// Documents for `hookmill apply`, in order.
    pub documents: Vec<Value>,
    /// What was found and what became of it.
    pub notes: Vec<ImportNote>,
}

/// What became of one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportNote {
    /// JSON Pointer in what was read.
    pub at: String,
    /// How well it could be carried over.
    pub fate: ImportFate,
    /// What it is here, how that differs, or what to do.
    pub detail: String,
}

impl ImportFate {
    /// In words, for people and programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Approximated => "approximated",
            Self::Impossible => "impossible",
        }
    }
}

/// How well something could be carried over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportFate {
    /// It means the same here.
    Exact,
    /// It is there, and differs as the note says.
    Approximated,
    /// It is not there; the note says what to do.
    Impossible,
}
