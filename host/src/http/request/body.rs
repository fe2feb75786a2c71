//! Bodies of the API as handlers take them: one declared type is parser, bounds and description. Not here: the bytes,
//! which the door has taken within limit and deadline.

use axum::extract::FromRequest;
use axum::extract::Request;
use bytes::Bytes;
use serde::de::DeserializeOwned;
use utoipa::PartialSchema;
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::Schema;

use crate::control::FieldFault;
use crate::http::problem::Kind;
use crate::http::problem::Problem;
use crate::http::request::call::Call;
use crate::http::request::faults::RequestFaults;

/// A JSON body, as far as it could be read, and its faults: the domain adds its own before anybody is told.
#[derive(Debug)]
pub(crate) struct JsonBody<T> {
    /// What was given. What is wrong is not there.
    pub given: T,
    /// What is wrong.
    pub faults: RequestFaults,
}

impl<T> JsonBody<T> {
    /// What was given, where nothing but its form can be wrong with it.
    pub(crate) fn whole(self) -> Result<T, Problem> {
        self.faults.done(Kind::InvalidRequest)?;
        Ok(self.given)
    }

    /// Makes something else of it, where only what is found on the way can be wrong with it.
    pub(crate) fn fold<U>(mut self, make: impl FnOnce(T, &mut RequestFaults) -> U) -> Result<U, Problem> {
        let made = make(self.given, &mut self.faults);
        self.faults.done(Kind::InvalidRequest)?;
        Ok(made)
    }

    /// Makes something else of it, with more faults.
    pub(crate) fn map<U>(mut self, make: impl FnOnce(T, &mut RequestFaults) -> U) -> (U, Vec<FieldFault>) {
        let made = make(self.given, &mut self.faults);
        (made, self.faults.into_inner())
    }
}

impl<S: Send + Sync, T: DeserializeOwned + ToSchema + 'static> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let call = parts.extensions.get::<Call>().cloned();
        let call =
            call.ok_or_else(|| Problem::new(Kind::Internal, "this request did not come through the door"))?;
        let bytes = taken(body).await?;
        let shape = call.site.shapes.of::<T>()?;
        let (given, faults) = shape.read(&bytes, call.control.limits().json_depth_max)?;
        Ok(Self { given, faults })
    }
}

/// A body that is no JSON.
pub(crate) struct RawBody(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for RawBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        taken(request.into_body()).await.map(Self)
    }
}

/// The bytes that the door has taken.
async fn taken(body: axum::body::Body) -> Result<Bytes, Problem> {
    let bytes = axum::body::to_bytes(body, usize::MAX).await;
    bytes.map_err(|_| Problem::new(Kind::IncompleteBody, "the body ended before it was whole"))
}

/// A body that changes something: as `T`, and nothing has to be there. What is not there stays as it is; null takes
/// away what can be taken away.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(transparent)]
pub(crate) struct Patch<T>(pub T);

impl<T: ToSchema> PartialSchema for Patch<T> {
    fn schema() -> RefOr<Schema> {
        let mut schema = T::schema();
        if let RefOr::T(Schema::Object(object)) = &mut schema {
            object.required.clear();
        }
        schema
    }
}

impl<T: ToSchema> ToSchema for Patch<T> {
    fn name() -> std::borrow::Cow<'static, str> {
        format!("{}Patch", T::name().trim_end_matches("Body")).into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        T::schemas(schemas);
    }
}
