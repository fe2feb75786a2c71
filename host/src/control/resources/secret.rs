//! Secrets that plugins may be given: set, deleted. A value comes in here and is stored sealed; it never comes out.

use std::sync::Arc;

use crate::control::Control;
use crate::control::FieldFault;
use crate::control::random_bytes;
use crate::control::resources::check::Faults;
use crate::control::resources::check::ManageError;
use crate::control::resources::check::references;
use crate::control::snapshot::DocumentWrite;
use crate::domain::config::StepSpec;
use crate::domain::id::SecretId;
use crate::domain::id::WorkspaceId;
use crate::domain::sealed::SealedSecret;
use crate::domain::sealed::SecretName;
use crate::domain::secret::Secret;
use crate::rules::seal::NONCE_BYTES;
use crate::rules::seal::NotOpened;

/// Secrets of a workspace.
const SECRETS_MAX: usize = 200;
/// Bytes of a value. Shorter ones could not be kept out of logs without mangling them.
const VALUE_BYTES_MIN: usize = 8;
const VALUE_BYTES_MAX: usize = 8 << 10;

impl Control {
    /// Sets a secret, whether it was there or not; answers it and whether it was made now. Steps that name it use the
    /// new value for events that come in from now on.
    pub async fn set_secret(
        &self,
        workspace: WorkspaceId,
        name: &str,
        value: Option<Secret>,
        read: Vec<FieldFault>,
    ) -> Result<(SealedSecret, bool), ManageError> {
        let mut faults = Faults::of("secret", read);
        let name = name.parse::<SecretName>().map_err(|error| faults.add("", error.to_string())).ok();
        match &value {
            Some(value) => check_value(value, &mut faults),
            None => faults.missing("/value", "a secret needs a value"),
        }
        faults.done()?;
        let (Some(name), Some(value)) = (name, value) else {
            return Err(ManageError::Conflict("the request is not complete".to_owned()));
        };
        let _guard = self.write_guard().await;
        let secrets = &self.snapshot().clone().documents.secrets;
        let known = secrets.find(workspace, name.as_str());
        if known.is_none() && secrets.of(workspace).count() >= SECRETS_MAX {
            let detail = format!("a workspace has at most {SECRETS_MAX} secrets; delete one first");
            return Err(ManageError::Conflict(detail));
        }
        let secret = self.sealed(workspace, name, &value, known);
        self.write(vec![DocumentWrite::PutSecret(secret.clone())]).await?;
        Ok((secret, known.is_none()))
    }

    fn sealed(
        &self,
        workspace: WorkspaceId,
        name: SecretName,
        value: &Secret,
        known: Option<&Arc<SealedSecret>>,
    ) -> SealedSecret {
        let key = &self.compiler().seal_key;
        let mut nonce = [0; NONCE_BYTES];
        nonce.copy_from_slice(&random_bytes()[..NONCE_BYTES]);
        let (id, created_at) = known.map_or_else(
            || (SecretId::from_bits(self.new_id()), self.now()),
            |known| (known.id, known.created_at),
        );
        SealedSecret {
            id,
            workspace,
            created_at,
            updated_at: self.now(),
            fingerprint: key.fingerprint(workspace, value),
            sealed: key.seal((workspace, &name), nonce, value),
            name,
        }
    }

    /// The value of a secret, for what the gateway itself does with it; `None`: there is none of that name.
    pub fn secret_value(&self, workspace: WorkspaceId, name: &str) -> Result<Option<Secret>, NotOpened> {
        let snapshot = self.snapshot().clone();
        let found = snapshot.documents.secrets.find(workspace, name);
        found.map(|secret| self.compiler().seal_key.open(secret)).transpose()
    }

    /// Deletes a secret that no step names.
    pub async fn delete_secret(&self, workspace: WorkspaceId, name: &str) -> Result<(), ManageError> {
        let _guard = self.write_guard().await;
        let snapshot = self.snapshot().clone();
        let found = snapshot.documents.secrets.find(workspace, name);
        let found = found.ok_or_else(|| ManageError::NotFound { what: "secret", id: name.to_owned() })?;
        let names =
            |kind: &StepSpec| kind.grants().is_some_and(|grants| grants.secrets().contains(&found.name));
        references::refuse(&snapshot.documents, workspace, "secret", |connection| {
            connection.steps.iter().any(|step| names(&step.kind))
        })?;
        self.write(vec![DocumentWrite::DeleteSecret(found.id)]).await?;
        Ok(())
    }
}

fn check_value(value: &Secret, faults: &mut Faults) {
    let length = value.expose().len();
    if length < VALUE_BYTES_MIN {
        let why = "a shorter one could not be kept out of logs";
        faults.add(
            "/value",
            format!("a secret has at least {VALUE_BYTES_MIN} bytes, this one {length}: {why}"),
        );
    } else if length > VALUE_BYTES_MAX {
        faults.add("/value", format!("a secret has at most {VALUE_BYTES_MAX} bytes, this one {length}"));
    }
}
