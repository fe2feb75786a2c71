//! Destinations: made, changed, deleted. Not here: their signing (`signing`), sending
//! (`deliver`).

use crate::control::Control;
use crate::control::FieldFault;
use crate::control::random_bytes;
use crate::control::resources::check::BasicDraft;
use crate::control::resources::check::Faults;
use crate::control::resources::check::ManageError;
use crate::control::resources::check::basic;
use crate::control::resources::check::fields;
use crate::control::resources::check::find;
use crate::control::resources::check::moved;
use crate::control::resources::check::moved::Given;
use crate::control::resources::check::references;
use crate::control::resources::check::retry;
use crate::control::resources::signing;
use crate::control::resources::signing::SigningDraft;
use crate::control::snapshot::DocumentWrite;
use crate::control::snapshot::Documents;
use crate::domain::config::AuthHeader;
use crate::domain::config::Destination;
use crate::domain::config::DestinationAuth;
use crate::domain::config::FlowState;
use crate::domain::event::Headers;
use crate::domain::id::DestinationId;
use crate::domain::id::WorkspaceId;
use crate::domain::retry::RetryPolicy;
use crate::domain::secret::Secret;
use crate::domain::secret::StoredSecret;
use crate::domain::signing::Signing;
use crate::domain::signing::SigningProfile;
use crate::rules::payload_schema;

const METHODS: [&str; 3] = ["POST", "PUT", "PATCH"];
const TIMEOUT_MS_MAX: u64 = 600_000;
const CONCURRENCY_MAX: u32 = 1000;
/// What the API shows for the value of a header that is a credential.
pub const HIDDEN: &str = "[secret]";

/// Credentials a request gives.
#[derive(Clone, Debug, Default)]
pub struct AuthDraft {
    /// `Authorization: Basic …`.
    pub basic: Option<BasicDraft>,
    /// `Authorization: Bearer …`.
    pub bearer: Option<Secret>,
    /// A header with a secret value.
    pub header: Option<(String, Secret)>,
}

/// What a request says about a destination; `None`: not mentioned. `Some(None)`: taken away.
#[derive(Clone, Debug, Default)]
pub struct DestinationDraft {
    /// Unique in its workspace.
    pub name: Option<String>,
    /// Active or paused.
    pub state: Option<FlowState>,
    /// http(s).
    pub url: Option<String>,
    /// POST, PUT or PATCH.
    pub method: Option<String>,
    /// Sent with every request.
    pub headers: Option<Headers>,
    /// Credentials.
    pub auth: Option<Option<AuthDraft>>,
    /// How it signs.
    pub signing: Option<SigningDraft>,
    /// Milliseconds.
    pub timeout_ms: Option<u64>,
    /// When to try again; `Some(None)`: as by default.
    pub retry: Option<Option<RetryPolicy>>,
    /// Requests at a time.
    pub concurrency: Option<u32>,
    /// The JSON Schema of the payloads it takes; `Some(None)`: any.
    pub payload_schema: Option<Option<String>>,
}

/// A destination and, when it is new, the secret it signs with.
#[derive(Debug)]
pub struct NewDestination {
    /// The destination.
    pub destination: Destination,
    /// Shown now and never again.
    pub secret: Option<Secret>,
}

impl Control {
    /// Makes a destination. `read` has the faults found when the request was read.
    pub async fn create_destination(
        &self,
        workspace: WorkspaceId,
        mut draft: DestinationDraft,
        read: Vec<FieldFault>,
    ) -> Result<NewDestination, ManageError> {
        let mut faults = Faults::of("destination", read);
        let _guard = self.write_guard().await;
        let snapshot = self.snapshot().clone();
        if draft.name.is_none() {
            faults.missing("/name", "a destination needs a name");
        }
        if draft.url.is_none() {
            faults.missing("/url", "a destination needs a URL such as https://example.com/hook");
        }
        // A new destination signs, also when the request does not mention it.
        draft.signing.get_or_insert_default();
        let mut destination = self.blank_destination(workspace);
        let secret = self.apply_destination(&snapshot.documents, &mut destination, draft, &mut faults);
        faults.done()?;
        self.write(vec![DocumentWrite::PutDestination(destination.clone())]).await?;
        Ok(NewDestination { destination, secret })
    }

    /// Changes what the draft mentions.
    pub async fn update_destination(
        &self,
        workspace: WorkspaceId,
        which: &str,
        draft: DestinationDraft,
        read: Vec<FieldFault>,
    ) -> Result<NewDestination, ManageError> {
        let mut faults = Faults::of("destination", read);
        let _guard = self.write_guard().await;
        let snapshot = self.snapshot().clone();
        let old = find::destination(&snapshot.documents, workspace, which)?;
        let mut destination = old.clone();
        let given = Given { auth: draft.auth.is_some(), headers: draft.headers.is_some() };
        let secret = self.apply_destination(&snapshot.documents, &mut destination, draft, &mut faults);
        moved::check(old, &destination, given, &mut faults);
        faults.done()?;
        self.write(vec![DocumentWrite::PutDestination(destination.clone())]).await?;
        Ok(NewDestination { destination, secret })
    }

    /// Deletes a destination, unless a connection delivers to it.
    pub async fn delete_destination(&self, workspace: WorkspaceId, which: &str) -> Result<(), ManageError> {
        let _guard = self.write_guard().await;
        let snapshot = self.snapshot().clone();
        let destination = find::destination(&snapshot.documents, workspace, which)?;
        references::check_destination(&snapshot.documents, workspace, destination.id)?;
        self.write(vec![DocumentWrite::DeleteDestination(destination.id)]).await?;
        Ok(())
    }

    fn blank_destination(&self, workspace: WorkspaceId) -> Destination {
        Destination {
            id: DestinationId::from_bits(self.new_id()),
            workspace,
            name: String::new(),
            created_at: self.now(),
            state: FlowState::Active,
            url: String::new(),
            method: "POST".to_owned(),
            headers: Headers::default(),
            auth: DestinationAuth::default(),
            signing: Signing { profile: SigningProfile::StandardWebhooks, secrets: Vec::new() },
            timeout_ms: self.limits().timeout_ms,
            retry: self.limits().retry.clone(),
            concurrency: self.limits().concurrency,
            payload_schema: None,
        }
    }

    fn apply_destination(
        &self,
        documents: &Documents,
        destination: &mut Destination,
        draft: DestinationDraft,
        faults: &mut Faults,
    ) -> Option<Secret> {
        if let Some(name) = draft.name {
            fields::name(&documents.destinations, destination.workspace, destination.id, &name, faults);
            destination.name = name;
        }
        destination.state = draft.state.unwrap_or(destination.state);
        if let Some(url) = draft.url {
            match self.egress().check_url(&url) {
                Ok(checked) => destination.url = checked.as_str().to_owned(),
                Err(refusal) => faults.add("/url", refusal.to_string()),
            }
        }
        if let Some(method) = draft.method {
            destination.method = method.to_ascii_uppercase();
            if !METHODS.contains(&destination.method.as_str()) {
                faults.add("/method", format!("expected any of {}", METHODS.join(", ")));
            }
        }
        if let Some(headers) = draft.headers {
            destination.headers = fields::headers(&headers, "/headers", faults);
            check_hidden(&headers, faults);
        }
        if let Some(auth) = draft.auth {
            destination.auth = checked_auth(auth.unwrap_or_default(), faults);
        }
        if let Some(timeout_ms) = draft.timeout_ms {
            fields::within(timeout_ms, 1, TIMEOUT_MS_MAX, "/timeout_ms", faults);
            destination.timeout_ms = timeout_ms;
        }
        if let Some(policy) = draft.retry {
            destination.retry = policy.unwrap_or_else(|| self.limits().retry.clone());
            retry::check(&destination.retry, "/retry", faults);
        }
        if let Some(concurrency) = draft.concurrency {
            fields::within(concurrency, 1, CONCURRENCY_MAX, "/concurrency", faults);
            destination.concurrency = concurrency;
        }
        if let Some(schema) = draft.payload_schema {
            if let Some(Err(why)) = schema.as_deref().map(payload_schema::check) {
                faults.add("/payload_schema", why);
            }
            destination.payload_schema = schema;
        }
        let draft = draft.signing?;
        signing::apply(&mut destination.signing, draft, random_bytes(), faults)
    }
}

/// What the API shows in the place of a secret is no value to save.
fn check_hidden(headers: &Headers, faults: &mut Faults) {
    for (name, _) in headers.0.iter().filter(|(_, value)| value == HIDDEN) {
        let place = fields::header_place("/headers", name);
        faults.add(place, format!("`{HIDDEN}` is how the API shows a secret; write the value itself"));
    }
}

fn checked_auth(auth: AuthDraft, faults: &mut Faults) -> DestinationAuth {
    if auth.basic.is_some() && auth.bearer.is_some() {
        faults.add("/auth", "`basic` and `bearer` both want the header Authorization; give one of them");
    }
    let visible = |secret: &Secret| http::HeaderValue::from_str(secret.expose()).is_ok();
    if auth.bearer.as_ref().is_some_and(|bearer| !visible(bearer)) {
        faults.add("/auth/bearer", "the value has characters that no header can carry");
    }
    let header = auth.header.and_then(|(name, value)| {
        if !visible(&value) {
            faults.add("/auth/header/value", "the value has characters that no header can carry");
        }
        match fields::header_name(&name) {
            Ok(name) => Some(AuthHeader { name, value: StoredSecret(value) }),
            Err(detail) => {
                faults.add("/auth/header/name", detail);
                None
            }
        }
    });
    DestinationAuth {
        basic: auth.basic.map(|basic| basic::checked(basic, "/auth/basic", faults)),
        bearer: auth.bearer.map(StoredSecret),
        header,
    }
}
