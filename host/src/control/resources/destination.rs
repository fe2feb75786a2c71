//! Destinations: made, changed, deleted. Not here: their signing (`signing`), sending
//! (`deliver`).

use std::sync::Arc;

use crate::control::Control;
use crate::control::FieldFault;
use crate::control::random_bytes;
use crate::control::resources::check::Faults;
use crate::control::resources::check::GivenCredentials;
use crate::control::resources::check::ManageError;
use crate::control::resources::check::fields;
use crate::control::resources::check::find;
use crate::control::resources::check::moved;
use crate::control::resources::check::references;
use crate::control::resources::check::retry;
use crate::control::resources::signing;
use crate::control::resources::signing::SigningDraft;
use crate::control::resources::transport;
use crate::control::resources::transport::HttpDraft;
use crate::control::snapshot::DocumentWrite;
use crate::control::snapshot::Documents;
use crate::domain::config::FlowState;
use crate::domain::destination::Destination;
use crate::domain::destination::DestinationKind;
use crate::domain::destination::Endpoint;
use crate::domain::destination::RATE_REQUESTS_MAX;
use crate::domain::destination::SendRate;
use crate::domain::event::Headers;
use crate::domain::id::DestinationId;
use crate::domain::id::WorkspaceId;
use crate::domain::retry::RetryPolicy;
use crate::domain::secret::Secret;
use crate::domain::signing::Signing;
use crate::domain::signing::SigningProfile;
use crate::rules::payload_schema;

const CONCURRENCY_MAX: u32 = 1000;
/// What the API shows for the value of a header that is a credential.
pub const HIDDEN: &str = "[secret]";

/// What a request says about a destination; `None`: not mentioned. `Some(None)`: taken away.
#[derive(Clone, Debug, Default)]
pub struct DestinationDraft {
    /// Unique in its workspace.
    pub name: Option<String>,
    /// Active or paused.
    pub state: Option<FlowState>,
    /// Which kind it is; it stays that.
    pub kind: Option<DestinationKind>,
    /// What only URLs have.
    pub http: HttpDraft,
    /// Of which table it makes rows, by id or name; needed where the kind is `table`.
    pub table: Option<String>,
    /// Sent with every delivery.
    pub headers: Option<Headers>,
    /// How it signs.
    pub signing: Option<SigningDraft>,
    /// When to try again; `Some(None)`: as by default.
    pub retry: Option<Option<RetryPolicy>>,
    /// Deliveries at a time.
    pub concurrency: Option<u32>,
    /// Requests in a time.
    pub rate: Option<Option<SendRate>>,
    /// Whether it is refused to delete it.
    pub protect: Option<bool>,
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
        draft: DestinationDraft,
        read: Vec<FieldFault>,
    ) -> Result<NewDestination, ManageError> {
        let mut faults = Faults::of("destination", read);
        let _guard = self.write_guard().await;
        let snapshot = self.snapshot().clone();
        let mut destination = self.blank_destination(workspace, draft.kind.unwrap_or(DestinationKind::Http));
        let secret = self.apply_new_destination(&snapshot.documents, &mut destination, draft, &mut faults);
        faults.done()?;
        self.write_within(vec![DocumentWrite::PutDestination(destination.clone())]).await?;
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
        let given = GivenCredentials { auth: draft.http.auth.is_some(), headers: draft.headers.is_some() };
        let secret = self.apply_destination(&snapshot.documents, &mut destination, draft, &mut faults);
        moved::check(old, &destination, given, &mut faults);
        faults.done()?;
        self.write_within(vec![DocumentWrite::PutDestination(destination.clone())]).await?;
        Ok(NewDestination { destination, secret })
    }

    /// The destination that a whole document means, and the one of that name, if there is one. What the document does
    /// not mention is as by default; state and signing secret stay, since people and rotations change them elsewhere.
    /// `given` says which credentials the document has itself, and does not keep.
    pub(in crate::control) fn whole_destination(
        &self,
        documents: &Documents,
        workspace: WorkspaceId,
        mut draft: DestinationDraft,
        given: GivenCredentials,
        faults: &mut Faults,
    ) -> (Option<Arc<Destination>>, NewDestination) {
        let named = |name| documents.destinations.named(workspace, name);
        let old = draft.name.as_deref().and_then(named).cloned();
        let kind = draft.kind.unwrap_or(DestinationKind::Http);
        let mut destination = self.blank_destination(workspace, kind);
        if let Some(old) = &old {
            check_kind(old, Some(kind), faults);
            (destination.id, destination.created_at, destination.state) = (old.id, old.created_at, old.state);
            destination.signing = old.signing.clone();
            let signing = draft.signing.get_or_insert_default();
            signing.profile.get_or_insert(SigningProfile::StandardWebhooks);
            signing.keep_secret(&old.signing);
        }
        let is_given = draft.signing.as_ref().is_some_and(|signing| signing.secret.is_some());
        let made = self.apply_new_destination(documents, &mut destination, draft, faults);
        // Whoever gave it need not be told.
        let secret = made.filter(|_| !is_given);
        if let Some(old) = &old {
            moved::check(old, &destination, given, faults);
            // Other blanks are no other schema.
            if same_json(old.payload_schema.as_deref(), destination.payload_schema.as_deref()) {
                destination.payload_schema.clone_from(&old.payload_schema);
            }
        }
        (old, NewDestination { destination, secret })
    }

    /// Deletes a destination, unless a connection delivers to it.
    pub async fn delete_destination(&self, workspace: WorkspaceId, which: &str) -> Result<(), ManageError> {
        let _guard = self.write_guard().await;
        let snapshot = self.snapshot().clone();
        let destination = find::destination(&snapshot.documents, workspace, which)?;
        references::check_destination(&snapshot.documents, workspace, destination.id)?;
        self.write_within(vec![DocumentWrite::DeleteDestination(destination.id)]).await?;
        Ok(())
    }

    pub(in crate::control) fn blank_destination(
        &self,
        workspace: WorkspaceId,
        kind: DestinationKind,
    ) -> Destination {
        Destination {
            id: DestinationId::from_bits(self.new_id()),
            workspace,
            name: String::new(),
            created_at: self.now(),
            state: FlowState::Active,
            protect: false,
            endpoint: transport::blank(kind, self.limits()),
            headers: Headers::default(),
            signing: Signing { profile: SigningProfile::StandardWebhooks, secrets: Vec::new() },
            retry: self.limits().retry.clone(),
            concurrency: self.limits().concurrency,
            rate: None,
            payload_schema: None,
        }
    }

    /// Where nothing was before: what is needed must be there.
    fn apply_new_destination(
        &self,
        documents: &Documents,
        destination: &mut Destination,
        mut draft: DestinationDraft,
        faults: &mut Faults,
    ) -> Option<Secret> {
        if draft.name.is_none() {
            faults.missing("/name", "a destination needs a name");
        }
        // It signs, also where the request does not mention it.
        draft.signing.get_or_insert_default();
        self.apply_destination(documents, destination, draft, faults)
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
        destination.protect = draft.protect.unwrap_or(destination.protect);
        check_kind(destination, draft.kind, faults);
        transport::apply(&mut destination.endpoint, draft.http, self.egress(), faults);
        apply_table(documents, destination, draft.table.as_deref(), faults);
        if let Some(headers) = draft.headers {
            destination.headers = fields::headers(&headers, "/headers", faults);
            check_hidden(&headers, faults);
        }
        if let Some(policy) = draft.retry {
            destination.retry = policy.unwrap_or_else(|| self.limits().retry.clone());
            retry::check(&destination.retry, "/retry", faults);
        }
        if let Some(rate) = draft.rate {
            if let Some(rate) = rate {
                fields::within(rate.requests, 1, RATE_REQUESTS_MAX, "/rate/requests", faults);
            }
            destination.rate = rate;
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

pub(in crate::control::resources) fn same_json(one: Option<&str>, other: Option<&str>) -> bool {
    let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    one.and_then(read) == other.and_then(read)
}

/// Of which table it makes rows.
fn apply_table(
    documents: &Documents,
    destination: &mut Destination,
    given: Option<&str>,
    faults: &mut Faults,
) {
    let workspace = destination.workspace;
    let Endpoint::Table { table } = &mut destination.endpoint else {
        if given.is_some() {
            faults.add("/table", "only a destination of the kind `table` has a table: leave this out");
        }
        return;
    };
    match given.map(|name| (name, documents.tables.find(workspace, name))) {
        Some((_, Some(found))) => *table = found.id,
        Some((name, None)) => {
            faults.add("/table", format!("there is no table `{name}` in this workspace"));
        }
        None if documents.tables.get(*table).is_none() => {
            faults.missing("/table", "name the table whose rows it makes");
        }
        None => {}
    }
}

/// What waits for one kind is nothing for another.
fn check_kind(destination: &Destination, wanted: Option<DestinationKind>, faults: &mut Faults) {
    let kind = destination.endpoint.kind();
    if wanted.is_some_and(|wanted| wanted != kind) {
        let detail =
            format!("this destination is of the kind `{}` and stays that; make another one", kind.name());
        faults.add("/kind", detail);
    }
}

/// What the API shows in the place of a secret is no value to save.
fn check_hidden(headers: &Headers, faults: &mut Faults) {
    for (name, _) in headers.0.iter().filter(|(_, value)| value == HIDDEN) {
        let place = fields::header_place("/headers", name);
        faults.add(place, format!("`{HIDDEN}` is how the API shows a secret; write the value itself"));
    }
}
