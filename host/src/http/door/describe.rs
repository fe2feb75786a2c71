//! What a door adds to the description of its operation: who may, the key of a repeated request, and every problem
//! that can come before the operation is asked at all. Not here: what the operation says itself.

use utoipa::openapi::Content;
use utoipa::openapi::Header;
use utoipa::openapi::Object;
use utoipa::openapi::ObjectBuilder;
use utoipa::openapi::Ref;
use utoipa::openapi::RefOr;
use utoipa::openapi::Required;
use utoipa::openapi::Response;
use utoipa::openapi::ResponseBuilder;
use utoipa::openapi::Schema;
use utoipa::openapi::SecurityRequirement;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::path::ParameterBuilder;
use utoipa::openapi::path::ParameterIn;
use utoipa::openapi::schema::Type;

use crate::http::door::Access;
use crate::http::door::Place;
use crate::http::door::admit::scope_name;
use crate::http::door::media::JSON;
use crate::http::door::pass::Guard;
use crate::http::idempotency::KEY_BYTES_MAX;

/// What problems are written as.
const PROBLEM: &str = "application/problem+json";

/// Which group of operations a path belongs to.
pub(super) fn tag(path: &str) -> &str {
    path.strip_prefix("/v1/").and_then(|rest| rest.split('/').next()).unwrap_or("server")
}

/// Describes the door of an operation.
pub(super) fn door(guard: &Guard, method: &str, path: &str, tag: &str, operation: &mut Operation) {
    operation.tags = Some(vec![tag.to_owned()]);
    operation.operation_id = Some(operation_id(method, path));
    match guard.door.access {
        Access::Public => operation.security = Some(Vec::new()),
        Access::Key(scope) => {
            operation.security = Some(vec![SecurityRequirement::new("key", Vec::<String>::new())]);
            let scope = ExtensionsBuilder::new().add("x-scope", scope_name(scope)).build();
            operation.extensions.get_or_insert_default().merge(scope);
        }
    }
    if guard.door.is_remembered {
        operation.parameters.get_or_insert_default().push(RefOr::T(idempotency_key().build()));
    }
    if let Some(RefOr::T(body)) = &mut operation.request_body {
        body.required = Some(if guard.door.is_body_optional { Required::False } else { Required::True });
    }
    let responses = &mut operation.responses.responses;
    for (status, response) in responses.iter_mut() {
        let RefOr::T(good) = response else { continue };
        if good.description.is_empty() {
            "Done.".clone_into(&mut good.description);
        }
        if guard.door.is_remembered {
            let about = "There, and `true`, when this is the answer that the same key got before.";
            good.headers.insert("Idempotent-Replayed".to_owned(), RefOr::T(header(about)));
        }
        if status == "201" {
            good.headers.insert("Location".to_owned(), RefOr::T(header("Where the new thing is.")));
        }
    }
    for (status, about) in problems(guard, method, path) {
        responses.entry(status.to_string()).or_insert_with(|| RefOr::T(problem(status, about)));
    }
}

/// `post_v1_sources_source_keys`: unique because method and path are.
fn operation_id(method: &str, path: &str) -> String {
    let words = path.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let index = (path.len() > 1 && path.ends_with('/')).then_some("index");
    format!("{method}_{}", words.chain(index).collect::<Vec<_>>().join("_"))
}

fn idempotency_key() -> ParameterBuilder {
    let schema = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(KEY_BYTES_MAX))
        .pattern(Some("^[!-~]([ -~]*[!-~])?$"));
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .schema(Some(schema))
        .description(Some("The same request with the same key is done once and answered the same."))
}

/// The problems that can come of any operation behind such a door, with those of the connection and the store.
fn problems(guard: &Guard, method: &str, path: &str) -> Vec<(u16, &'static str)> {
    let (door, has_key, has_body) = (&guard.door, guard.door.access != Access::Public, guard.body.is_some());
    let may_be_apart = match door.place {
        Place::AtOnce => false,
        Place::BySize => guard.body.as_deref() == Some(JSON),
        Place::Background | Place::BackgroundWhileAsked => true,
    };
    let writes = has_key && method != "get";
    let all = [
        (true, 400, "The request, its query or its body cannot be read."),
        (has_key, 401, "There is no valid key."),
        (has_key, 403, "The key may not do that."),
        (path.contains('{') || has_body, 404, "There is no such thing."),
        (
            guard.answer.is_some() && !door.has_any_answer,
            406,
            "The answer has a media type that is not accepted.",
        ),
        (true, 408, "The request did not come in time."),
        (writes, 409, "The state of things does not allow it."),
        (has_body, 413, "The body is too long."),
        (true, 414, "The path and the query are too long."),
        (has_body, 415, "The body has another media type, or is compressed."),
        (writes, 422, "Something in the request is not valid; `errors` says what and where."),
        (may_be_apart, 429, "Too many requests of the workspace are at work."),
        (true, 431, "The headers are too long, or too many."),
        (true, 500, "Something is wrong with hookmill."),
        (true, 503, "The store is away, or the server is starting or stopping."),
        (writes, 507, "The disk is full."),
    ];
    all.into_iter().filter(|(may_be, ..)| *may_be).map(|(_, status, about)| (status, about)).collect()
}

/// The answer that is a problem.
fn problem(status: u16, about: &str) -> Response {
    let content = Content::new(Some(RefOr::<Schema>::Ref(Ref::from_schema_name("Problem"))));
    let response = ResponseBuilder::new().description(about).content(PROBLEM, content);
    match status {
        401 => response.header("WWW-Authenticate", header("How to show a key.")).build(),
        429 | 503 | 507 => response.header("Retry-After", header("Seconds to wait.")).build(),
        _ => response.build(),
    }
}

fn header(about: &str) -> Header {
    let mut header = Header::new(Object::with_type(Type::String));
    header.description = Some(about.to_owned());
    header
}
