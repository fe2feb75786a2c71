//! The shapes of one server's requests: compiled when the first of its kind comes, then kept. Not here: what a shape is.

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;
use serde::de::DeserializeOwned;
use utoipa::IntoParams;
use utoipa::ToSchema;

use crate::http::problem::Problem;
use crate::http::request::faults::RequestFaults;
use crate::http::request::shape::Shape;
use crate::http::request::shape::parameters;

/// Shapes by the type that is read. A cache: what is in it follows from the types alone.
#[derive(Debug, Default)]
pub(crate) struct Shapes(RwLock<HashMap<TypeId, Arc<Shape>>>);

impl Shapes {
    /// The shape of a body.
    pub(in crate::http::request) fn of<T: ToSchema + 'static>(&self) -> Result<Arc<Shape>, Problem> {
        self.kept::<T>(Shape::of::<T>)
    }

    /// The shape of a query.
    pub(in crate::http::request) fn of_query<T: IntoParams + 'static>(&self) -> Result<Arc<Shape>, Problem> {
        self.kept::<T>(|| Shape::compile(parameters::schema::<T>()))
    }

    /// Reads what is an object of a body's in itself.
    pub(crate) fn read_part<T: DeserializeOwned + ToSchema + 'static>(
        &self,
        text: &str,
        depth_max: usize,
    ) -> Result<(T, RequestFaults), Problem> {
        self.of::<T>()?.read(text.as_bytes(), depth_max)
    }

    /// Reads a body, for tests that need no request.
    #[cfg(test)]
    pub(crate) fn read<T: DeserializeOwned + ToSchema + 'static>(
        &self,
        body: &str,
    ) -> Result<(T, RequestFaults), Problem> {
        self.read_part(body, 128)
    }

    fn kept<T: 'static>(&self, make: impl FnOnce() -> Result<Shape, Problem>) -> Result<Arc<Shape>, Problem> {
        let key = TypeId::of::<T>();
        if let Some(shape) = self.0.read().get(&key) {
            return Ok(shape.clone());
        }
        let shape = Arc::new(make()?);
        Ok(self.0.write().entry(key).or_insert(shape).clone())
    }
}
