//! The door of the API: key and scope, media types, the bytes of a body, the memory of writes, and where a request is
//! worked on. An operation's door is declared where it is routed, and says its part of the description too. Not here:
//! what bodies and queries say (`request`).

mod admit;
mod describe;
mod media;
mod memory;
mod own;
mod pass;
mod routes;

pub(crate) use admit::WORKSPACE;
pub(crate) use admit::admit;
pub(crate) use media::take_json;
pub use own::OwnApi;
pub use own::OwnRefusal;
pub(crate) use own::ask;
pub(crate) use routes::Routes;

use crate::domain::config::Scope;

/// Who may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everybody.
    Public,
    /// Keys with this scope.
    Key(Scope),
}

/// Where a request is worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// With events: it is little work, or brings some.
    AtOnce,
    /// So if its body is small or no JSON; else in the background, for its work comes from there.
    BySize,
    /// In the background, see `http::background`: a small body can ask for much.
    Background,
    /// The same, and ended when the client leaves: it only looks at something.
    BackgroundWhileAsked,
}

/// The door of one operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Door {
    access: Access,
    place: Place,
    /// Whether `Idempotency-Key` makes a repeated request get the first one's answer.
    is_remembered: bool,
    /// Whether its body may be left out.
    is_body_optional: bool,
    /// Whether the answer may have a media type that the client did not ask for.
    has_any_answer: bool,
    /// Bytes its body may have, if it is no JSON.
    bytes_max: u64,
}

impl Door {
    const fn new(access: Access) -> Self {
        Self {
            access,
            place: Place::BySize,
            is_remembered: false,
            is_body_optional: false,
            has_any_answer: false,
            bytes_max: 0,
        }
    }

    /// For everybody.
    pub(crate) const fn public() -> Self {
        Self::new(Access::Public)
    }

    /// For keys with the scope `read`.
    pub(crate) const fn read() -> Self {
        Self::new(Access::Key(Scope::Read))
    }

    /// For keys with the scope `write`.
    pub(crate) const fn write() -> Self {
        Self::new(Access::Key(Scope::Write))
    }

    /// For keys with the scope `ingest`.
    pub(crate) const fn ingest() -> Self {
        Self::new(Access::Key(Scope::Ingest))
    }

    /// For keys with the scope `admin`.
    pub(crate) const fn admin() -> Self {
        Self::new(Access::Key(Scope::Admin))
    }

    /// The same request with the same `Idempotency-Key` is done once.
    pub(crate) const fn remembered(self) -> Self {
        Self { is_remembered: true, ..self }
    }

    /// Its body may be left out.
    pub(crate) const fn optional_body(self) -> Self {
        Self { is_body_optional: true, ..self }
    }

    /// Its answer has whatever media type it has.
    pub(crate) const fn any_answer(self) -> Self {
        Self { has_any_answer: true, ..self }
    }

    /// Is worked on in the background, however small it is.
    pub(crate) const fn in_background(self) -> Self {
        Self { place: Place::Background, ..self }
    }

    /// Is worked on so, and only for as long as the client waits for it.
    pub(crate) const fn in_background_while_asked(self) -> Self {
        Self { place: Place::BackgroundWhileAsked, ..self }
    }

    /// Is never worked on in the background.
    pub(crate) const fn at_once(self) -> Self {
        Self { place: Place::AtOnce, ..self }
    }

    /// Takes a body of so many bytes that is no JSON.
    pub(crate) const fn bytes(self, most: u64) -> Self {
        Self { bytes_max: most, ..self }
    }
}
