//! Operations with their doors: what is routed is what is described. Not here: the operations (`api`).

use std::sync::Arc;

use axum::middleware::from_fn_with_state;
use utoipa::openapi::OpenApi;
use utoipa::openapi::RefOr;
use utoipa::openapi::path::Operation;
use utoipa::openapi::path::Parameter;
use utoipa::openapi::path::ParameterIn;
use utoipa::openapi::path::PathItem;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::router::UtoipaMethodRouter;

use crate::http::door::Door;
use crate::http::door::describe;
use crate::http::door::pass::Guard;
use crate::http::door::pass::pass;

/// Operations, and their description.
#[derive(Default)]
pub(crate) struct Routes(OpenApiRouter);

impl Routes {
    /// One more operation, behind this door.
    pub(crate) fn add(self, door: Door, (schemas, mut paths, router): UtoipaMethodRouter) -> Self {
        let mut guard = Guard { door, answer: None, body: None, has_query: false };
        for (path, item) in &mut paths.paths {
            let tag = describe::tag(path);
            for (method, operation) in operations(item) {
                guard.answer = answer_media(operation);
                guard.body = body_media(operation);
                guard.has_query = operation.parameters.iter().flatten().any(is_of_query);
                describe::door(&guard, method, path, tag, operation);
            }
        }
        let router = router.route_layer(from_fn_with_state(Arc::new(guard), pass));
        Self(self.0.routes((schemas, paths, router)))
    }

    /// Those of another list as well.
    pub(crate) fn and(self, more: Self) -> Self {
        Self(self.0.merge(more.0))
    }

    /// The routes, and the description of all of them.
    pub(crate) fn split(self) -> (axum::Router, OpenApi) {
        self.0.split_for_parts()
    }
}

/// The operations of a path with their methods.
fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let all = [
        ("get", &mut item.get),
        ("put", &mut item.put),
        ("post", &mut item.post),
        ("delete", &mut item.delete),
        ("patch", &mut item.patch),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

fn is_of_query(parameter: &RefOr<Parameter>) -> bool {
    matches!(parameter, RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Query)
}

fn body_media(operation: &Operation) -> Option<String> {
    match operation.request_body.as_ref()? {
        RefOr::T(body) => body.content.keys().next().cloned(),
        RefOr::Ref(_) => None,
    }
}

/// The media type of the first good answer that has a body.
fn answer_media(operation: &Operation) -> Option<String> {
    let good = operation.responses.responses.iter().filter(|(status, _)| status.starts_with('2'));
    let mut media = good.filter_map(|(_, response)| match response {
        RefOr::T(response) => response.content.keys().next().cloned(),
        RefOr::Ref(_) => None,
    });
    media.next()
}
