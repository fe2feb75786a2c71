//! One operation of the API: where it is, who may, what it takes and gives, what it does. The
//! router and the description are made from the same list.

use std::sync::Arc;

use axum::response::Response;
use bytes::Bytes;
use futures::future::BoxFuture;
use http::HeaderMap;
use http::Method;

use crate::control::Control;
use crate::control::FieldFault;
use crate::control::Principal;
use crate::delivery::Delivery;
use crate::domain::config::Scope;
use crate::domain::id::WorkspaceId;
use crate::http::form::Field;
use crate::http::form::Form;
use crate::http::form::Mode;
use crate::http::form::Object;
use crate::http::problem::Kind;
use crate::http::problem::Problem;
use crate::http::query::Params;
use crate::http::site::Site;
use crate::http::view::Described;
use crate::insight::Insight;
use crate::pipeline::Pipeline;
use crate::shape::Work;

/// What a handler answers.
pub(crate) type Answer = Result<Response, Problem>;
/// What does the work.
pub(crate) type Handler = fn(Call) -> BoxFuture<'static, Answer>;

/// Who may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everybody.
    Public,
    /// Keys with this scope.
    Key(Scope),
}

/// What a request's body is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Input {
    /// There is none.
    None,
    /// A JSON object with these fields.
    Json(&'static [Field]),
    /// The same, and it may be left out.
    OptionalJson(&'static [Field]),
    /// Bytes of a media type, at most so many.
    Bytes(&'static str, u64),
}

/// What a good answer has.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Output {
    /// No body.
    Nothing,
    /// JSON in this form.
    Json(fn() -> Described),
    /// Something else of a media type.
    Media(&'static str),
}

/// Where a request is worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// With events: it is little work, or brings some.
    AtOnce,
    /// So if its body is small or no JSON; else apart, for its work comes from there.
    BySize,
    /// Apart from events, see `background`: a small body can ask for much.
    Apart,
    /// The same, and ended when the client leaves: it only looks at something.
    ApartWhileAsked,
}

/// One operation.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    /// Its method.
    pub method: Method,
    /// Its path with `{parameters}`.
    pub path: &'static str,
    /// Who may.
    pub access: Access,
    /// In a sentence.
    pub summary: &'static str,
    /// Parameters of the query.
    pub query: &'static [Field],
    /// The body it takes.
    pub input: Input,
    /// Whether required fields of the body must be there.
    pub mode: Mode,
    /// The status of a good answer.
    pub status: u16,
    /// What that answer has.
    pub output: Output,
    /// Whether `Idempotency-Key` makes a repeated request get the first one's answer.
    pub remembered: bool,
    /// Where it does it.
    pub place: Place,
    /// Does the work.
    pub handler: Handler,
}

impl Endpoint {
    fn new(
        method: Method,
        path: &'static str,
        scope: Scope,
        summary: &'static str,
        handler: Handler,
    ) -> Self {
        Self {
            method,
            path,
            access: Access::Key(scope),
            summary,
            query: &[],
            input: Input::None,
            mode: Mode::Whole,
            status: 200,
            output: Output::Nothing,
            remembered: false,
            place: Place::BySize,
            handler,
        }
    }

    /// Looks at something.
    pub(crate) fn get(path: &'static str, summary: &'static str, handler: Handler) -> Self {
        Self::new(Method::GET, path, Scope::Read, summary, handler)
    }

    /// Makes or does something.
    pub(crate) fn post(path: &'static str, summary: &'static str, handler: Handler) -> Self {
        Self { remembered: true, ..Self::new(Method::POST, path, Scope::Write, summary, handler) }
    }

    /// Changes something.
    pub(crate) fn patch(path: &'static str, summary: &'static str, handler: Handler) -> Self {
        Self { mode: Mode::Change, ..Self::new(Method::PATCH, path, Scope::Write, summary, handler) }
    }

    /// Makes or replaces something.
    pub(crate) fn put(path: &'static str, summary: &'static str, handler: Handler) -> Self {
        Self::new(Method::PUT, path, Scope::Write, summary, handler)
    }

    /// Deletes something.
    pub(crate) fn delete(path: &'static str, summary: &'static str, handler: Handler) -> Self {
        Self { status: 204, ..Self::new(Method::DELETE, path, Scope::Write, summary, handler) }
    }

    /// Needs another scope.
    pub(crate) fn scope(self, scope: Scope) -> Self {
        Self { access: Access::Key(scope), ..self }
    }

    /// Needs no key.
    pub(crate) fn public(self) -> Self {
        Self { access: Access::Public, ..self }
    }

    /// Takes these parameters.
    pub(crate) fn query(self, query: &'static [Field]) -> Self {
        Self { query, ..self }
    }

    /// Takes this body.
    pub(crate) fn input(self, input: Input) -> Self {
        Self { input, ..self }
    }

    /// Answers with this.
    pub(crate) fn output(self, status: u16, output: Output) -> Self {
        Self { status, output, ..self }
    }

    /// Is worked on apart from events, however small it is.
    pub(crate) fn apart(self) -> Self {
        Self { place: Place::Apart, ..self }
    }

    /// Is worked on so, and only for as long as the client waits for it.
    pub(crate) fn apart_while_asked(self) -> Self {
        Self { place: Place::ApartWhileAsked, ..self }
    }

    /// Is never worked on apart from events.
    pub(crate) fn at_once(self) -> Self {
        Self { place: Place::AtOnce, ..self }
    }

    /// Is done again when it is asked for again, whatever `Idempotency-Key` says.
    pub(crate) fn not_remembered(self) -> Self {
        Self { remembered: false, ..self }
    }
}

/// A request that has passed the door.
pub(crate) struct Call {
    /// What all requests share.
    pub site: Arc<Site>,
    /// The operation.
    pub endpoint: Arc<Endpoint>,
    /// Whose key it came with; `None` only where everybody may.
    pub principal: Option<Principal>,
    /// Parameters of the path, decoded.
    pub path: Vec<(String, String)>,
    /// The query without `?`.
    pub query: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// What computing the answer may cost.
    pub work: Work,
}

impl Call {
    /// What operators set up.
    pub(crate) fn control(&self) -> &Control {
        &self.site.doors.control
    }

    /// Takes events in.
    pub(crate) fn pipeline(&self) -> &Pipeline {
        &self.site.doors.pipeline
    }

    /// What is done to deliveries.
    pub(crate) fn delivery(&self) -> &Delivery {
        &self.site.doors.delivery
    }

    /// Answers questions.
    pub(crate) fn insight(&self) -> &Insight {
        &self.site.doors.insight
    }

    /// Who asks.
    pub(crate) fn principal(&self) -> Result<&Principal, Problem> {
        self.principal.as_ref().ok_or_else(|| Problem::new(Kind::Unauthorized, "this needs a key of the API"))
    }

    /// In which workspace.
    pub(crate) fn workspace(&self) -> Result<WorkspaceId, Problem> {
        Ok(self.principal()?.workspace)
    }

    /// A parameter of the path.
    pub(crate) fn path(&self, name: &str) -> &str {
        self.path.iter().find(|(have, _)| have == name).map_or("", |(_, value)| value)
    }

    /// The parameters of the query.
    pub(crate) fn params(&self) -> Params<'_> {
        Params::read(&self.query, self.endpoint.query)
    }

    /// Reads the body by the endpoint's table.
    pub(crate) fn form<T>(
        &self,
        read: impl FnOnce(&Object<'_>) -> T,
    ) -> Result<(T, Vec<FieldFault>), Problem> {
        let (fields, optional) = match self.endpoint.input {
            Input::Json(fields) => (fields, false),
            Input::OptionalJson(fields) => (fields, true),
            Input::None | Input::Bytes(..) => (&[] as &'static [Field], true),
        };
        let body: &[u8] = if optional && self.body.is_empty() { b"{}" } else { &self.body };
        let depth_max = self.control().limits().json_depth_max;
        Form::read_within(depth_max, body, fields, self.endpoint.mode, read)
    }

    /// Reads the body where nothing but its form can be wrong with it.
    pub(crate) fn whole_form<T>(&self, read: impl FnOnce(&Object<'_>) -> T) -> Result<T, Problem> {
        let (made, faults) = self.form(read)?;
        if faults.is_empty() { Ok(made) } else { Err(Problem::invalid(Kind::InvalidRequest, faults)) }
    }

    /// Notes that nothing of that kind has that id or name.
    pub(crate) fn not_found(what: &str, which: &str) -> Problem {
        Problem::new(Kind::NotFound, format!("there is no {what} `{which}` in this workspace"))
    }

    /// An id in the path; whatever is none names nothing.
    pub(crate) fn id<T: std::str::FromStr>(&self, name: &str, what: &str) -> Result<T, Problem> {
        self.path(name).parse().map_err(|_| Self::not_found(what, self.path(name)))
    }
}
