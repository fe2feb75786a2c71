//! Sources: made, changed, deleted. Not here: their further keys (`key`).

use std::sync::Arc;

use crate::control::Control;
use crate::control::FieldFault;
use crate::control::resources::check::BasicDraft;
use crate::control::resources::check::Faults;
use crate::control::resources::check::ManageError;
use crate::control::resources::check::basic;
use crate::control::resources::check::fields;
use crate::control::resources::check::find;
use crate::control::resources::check::references;
use crate::control::resources::connection::PUBLISHED;
use crate::control::resources::key;
use crate::control::resources::key::NewKey;
use crate::control::resources::verification;
use crate::control::resources::verification::VerificationDraft;
use crate::control::snapshot::DocumentWrite;
use crate::control::snapshot::Documents;
use crate::domain::alert::ALERTS;
use crate::domain::config::CustomResponse;
use crate::domain::config::FlowState;
use crate::domain::config::Idempotency;
use crate::domain::config::Source;
use crate::domain::config::ValueFrom;
use crate::domain::id::SourceId;
use crate::domain::id::WorkspaceId;
use crate::domain::table::CHANGES;
use crate::rules::own_answer;
use crate::rules::verify::presets;
use crate::shape::Query;

const METHODS: [&str; 7] = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];
const KEY_HEADER: &str = "x-api-key";
const RESPONSE_CHARS_MAX: usize = 1000;

/// What a request says about a source; `None`: not mentioned. `Some(None)`: taken away.
#[derive(Clone, Debug, Default)]
pub struct SourceDraft {
    /// Unique in its workspace.
    pub name: Option<String>,
    /// Active or paused.
    pub state: Option<FlowState>,
    /// Whether a request must carry a key. Not given: only without verification and basic.
    pub require_key: Option<bool>,
    /// Whether it is refused to delete it.
    pub protect: Option<bool>,
    /// The header a key may stand in besides `Authorization: Bearer`.
    pub key_header: Option<String>,
    /// Basic authentication.
    pub basic: Option<Option<BasicDraft>>,
    /// The provider's signature.
    pub verification: Option<Option<VerificationDraft>>,
    /// Where the event's type is.
    pub event_type: Option<Option<ValueFrom>>,
    /// What makes a duplicate.
    pub idempotency: Option<Option<ValueFrom>>,
    /// Methods it takes.
    pub methods: Option<Vec<String>>,
    /// Bytes a body may have.
    pub body_bytes_max: Option<Option<u64>>,
    /// What it answers.
    pub response: Option<Option<CustomResponse>>,
    /// Whether events must fit the schemas of the catalogue.
    pub enforce_schemas: Option<bool>,
}

/// A source and its first key.
#[derive(Debug)]
pub struct NewSource {
    /// The source.
    pub source: Source,
    /// A key that opens it.
    pub key: NewKey,
}

impl Control {
    /// Makes a source and a key to it. `read` has the faults found when the request was read.
    pub async fn create_source(
        &self,
        workspace: WorkspaceId,
        draft: SourceDraft,
        read: Vec<FieldFault>,
    ) -> Result<NewSource, ManageError> {
        let mut faults = Faults::of("source", read);
        let _guard = self.write_guard().await;
        let snapshot = self.snapshot().clone();
        let mut source = self.blank_source(workspace);
        self.apply_new_source(&snapshot.documents, &mut source, draft, &mut faults);
        faults.done()?;
        let key = self.make_key(workspace, &source.name, Vec::new(), Some(source.id));
        self.write_within(vec![
            DocumentWrite::PutSource(source.clone().into()),
            DocumentWrite::PutKey(key.key.clone()),
        ])
        .await?;
        Ok(NewSource { source, key })
    }

    /// Changes what the draft mentions.
    pub async fn update_source(
        &self,
        workspace: WorkspaceId,
        which: &str,
        draft: SourceDraft,
        read: Vec<FieldFault>,
    ) -> Result<Source, ManageError> {
        let mut faults = Faults::of("source", read);
        let _guard = self.write_guard().await;
        let snapshot = self.snapshot().clone();
        let mut source = find::source(&snapshot.documents, workspace, which)?.clone();
        self.apply_source(&snapshot.documents, &mut source, draft, &mut faults);
        faults.done()?;
        self.write_within(vec![DocumentWrite::PutSource(source.clone().into())]).await?;
        Ok(source)
    }

    /// The source that a whole document means, and the one of that name, if there is one. What the document does not
    /// mention is as by default; state and secrets stay, since people and rotations change them elsewhere.
    pub(in crate::control) fn whole_source(
        &self,
        documents: &Documents,
        workspace: WorkspaceId,
        mut draft: SourceDraft,
        faults: &mut Faults,
    ) -> (Option<Arc<Source>>, Source) {
        let old = draft.name.as_deref().and_then(|name| documents.sources.named(workspace, name)).cloned();
        let mut source = self.blank_source(workspace);
        if let Some(old) = &old {
            (source.id, source.created_at, source.state) = (old.id, old.created_at, old.state);
            if let Some(Some(verification)) = &mut draft.verification {
                verification.keep_secrets(old.verification.as_ref());
            }
        }
        self.apply_new_source(documents, &mut source, draft, faults);
        (old, source)
    }

    /// Deletes a source and its keys, unless a connection takes events from it.
    pub async fn delete_source(&self, workspace: WorkspaceId, which: &str) -> Result<(), ManageError> {
        let _guard = self.write_guard().await;
        let snapshot = self.snapshot().clone();
        let source = find::source(&snapshot.documents, workspace, which)?;
        references::check_source(&snapshot.documents, workspace, source.id)?;
        let keys = key::keys_of(&snapshot.documents, source.id).map(|key| DocumentWrite::DeleteKey(key.id));
        let writes = keys.chain([DocumentWrite::DeleteSource(source.id)]).collect();
        self.write_within(writes).await?;
        Ok(())
    }

    /// What a source would be that says how requests are verified, and nothing else.
    pub(in crate::control) fn default_source(&self, source: &Source) -> Source {
        let mut default = self.blank_source(source.workspace);
        let preset = source.verification.as_ref().and_then(|verification| verification.preset.as_deref());
        if let Some(preset) = preset.and_then(|name| presets().find(name).cloned()) {
            default.event_type = preset.event_type;
            default.idempotency = preset.idempotency.map(|from| Idempotency { from });
        }
        default.key_required = source.verification.is_none() && source.basic.is_none();
        default
    }

    fn blank_source(&self, workspace: WorkspaceId) -> Source {
        Source {
            id: SourceId::from_bits(self.new_id()),
            workspace,
            name: String::new(),
            created_at: self.now(),
            state: FlowState::Active,
            protect: false,
            key_required: true,
            key_header: KEY_HEADER.to_owned(),
            basic: None,
            verification: None,
            event_type: None,
            idempotency: None,
            methods: vec!["POST".to_owned()],
            body_bytes_max: None,
            response: None,
            enforce_schemas: false,
        }
    }

    /// Where nothing was before: what is needed must be there.
    fn apply_new_source(
        &self,
        documents: &Documents,
        source: &mut Source,
        draft: SourceDraft,
        faults: &mut Faults,
    ) {
        if draft.name.is_none() {
            faults.missing("/name", "a source needs a name");
        }
        let require_key = draft.require_key;
        self.apply_source(documents, source, draft, faults);
        source.key_required = require_key.unwrap_or(source.verification.is_none() && source.basic.is_none());
    }

    fn apply_source(
        &self,
        documents: &Documents,
        source: &mut Source,
        draft: SourceDraft,
        faults: &mut Faults,
    ) {
        if let Some(name) = draft.name {
            if name == PUBLISHED {
                faults.add("/name", format!("`{PUBLISHED}` stands for events of POST /v1/events"));
            }
            if name == ALERTS && source.name != ALERTS {
                faults.add("/name", format!("`{ALERTS}` stands for the alerts of the workspace"));
            }
            if name.starts_with(CHANGES) {
                faults
                    .add("/name", format!("`{CHANGES}` stands before the name of a table, for its changes"));
            }
            fields::name(&documents.sources, source.workspace, source.id, &name, faults);
            source.name = name;
        }
        source.state = draft.state.unwrap_or(source.state);
        source.key_required = draft.require_key.unwrap_or(source.key_required);
        source.protect = draft.protect.unwrap_or(source.protect);
        source.enforce_schemas = draft.enforce_schemas.unwrap_or(source.enforce_schemas);
        if let Some(header) = draft.key_header {
            match fields::header_name(&header) {
                Ok(lower) => source.key_header = lower,
                Err(detail) => faults.add("/key_header", detail),
            }
        }
        if let Some(basic) = draft.basic {
            source.basic = basic.map(|basic| basic::checked(basic, "/basic", faults));
        }
        let own =
            OwnRules { event_type: draft.event_type.is_some(), idempotency: draft.idempotency.is_some() };
        if let Some(rule) = draft.event_type {
            source.event_type = rule.and_then(|rule| checked_rule(rule, "/event_type", faults));
        }
        if let Some(rule) = draft.idempotency {
            if matches!(rule, Some(ValueFrom::Fixed(_))) {
                let detail =
                    "a fixed key would make every event a copy of the first; take a header or a path";
                faults.add("/idempotency", detail);
            }
            let rule = rule.and_then(|rule| checked_rule(rule, "/idempotency", faults));
            source.idempotency = rule.map(|from| Idempotency { from });
        }
        if let Some(change) = draft.verification {
            apply_verification(source, change, own, faults);
        }
        if let Some(methods) = draft.methods {
            source.methods = checked_methods(methods, faults);
        }
        if let Some(most) = draft.body_bytes_max {
            if let Some(most) = most {
                fields::within(most, 1, self.limits().body_bytes_max, "/body_bytes_max", faults);
            }
            source.body_bytes_max = most;
        }
        if let Some(response) = draft.response {
            source.response = response.map(|response| checked_response(response, faults));
        }
    }
}

/// Which rules the request itself mentions.
#[derive(Clone, Copy)]
struct OwnRules {
    event_type: bool,
    idempotency: bool,
}

/// A preset brings its rules for type and idempotency along where the request has none.
fn apply_verification(
    source: &mut Source,
    change: Option<VerificationDraft>,
    own: OwnRules,
    faults: &mut Faults,
) {
    let Some(change) = change else {
        source.verification = None;
        return;
    };
    let built = verification::build(change, source.verification.as_ref(), faults);
    let Some((verification, preset)) = built else { return };
    source.verification = Some(verification);
    let Some(preset) = preset else { return };
    if !own.event_type && source.event_type.is_none() {
        source.event_type = preset.event_type;
    }
    if !own.idempotency && source.idempotency.is_none() {
        source.idempotency = preset.idempotency.map(|from| Idempotency { from });
    }
}

fn checked_rule(rule: ValueFrom, pointer: &str, faults: &mut Faults) -> Option<ValueFrom> {
    match rule {
        ValueFrom::Fixed(value) => Some(ValueFrom::Fixed(value)),
        ValueFrom::Header(name) => match fields::header_name(&name) {
            Ok(lower) => Some(ValueFrom::Header(lower)),
            Err(detail) => {
                faults.add(format!("{pointer}/header"), detail);
                None
            }
        },
        ValueFrom::Path(path) => {
            if let Err(fault) = Query::compile(&path) {
                faults.add(format!("{pointer}/path"), fault.detail);
            }
            Some(ValueFrom::Path(path))
        }
    }
}

fn checked_methods(methods: Vec<String>, faults: &mut Faults) -> Vec<String> {
    if methods.is_empty() {
        faults.add("/methods", "a source takes at least one method");
    }
    let upper: Vec<String> = methods.iter().map(|method| method.to_ascii_uppercase()).collect();
    for (at, method) in upper.iter().enumerate() {
        if !METHODS.contains(&method.as_str()) {
            faults.add(format!("/methods/{at}"), format!("expected any of {}", METHODS.join(", ")));
        }
    }
    upper
}

fn checked_response(response: CustomResponse, faults: &mut Faults) -> CustomResponse {
    fields::within(response.status, 200, 299, "/response/status", faults);
    if response.body.chars().count() > RESPONSE_CHARS_MAX {
        faults.add("/response/body", format!("at most {RESPONSE_CHARS_MAX} characters"));
    }
    let headers = fields::headers(&response.headers, "/response/headers", faults);
    for (name, value) in &response.headers.0 {
        if let Err(detail) = own_answer::check(&name.to_ascii_lowercase(), value) {
            faults.missing(&fields::header_place("/response/headers", name), detail);
        }
    }
    CustomResponse { headers, ..response }
}
