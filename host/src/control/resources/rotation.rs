//! A new signing secret for a destination, beside the old one for a while. Not here: how it signs (`signing`).

use std::time::Duration;

use crate::control::Control;
use crate::control::FieldFault;
use crate::control::random_bytes;
use crate::control::resources::check::Faults;
use crate::control::resources::check::ManageError;
use crate::control::resources::check::find;
use crate::control::resources::destination::NewDestination;
use crate::control::snapshot::DocumentWrite;
use crate::domain::destination::Destination;
use crate::domain::id::WorkspaceId;
use crate::domain::secret::Secret;
use crate::domain::secret::StoredSecret;
use crate::domain::signing::SigningProfile;
use crate::domain::signing::SigningSecret;
use crate::rules::sign::PreparedSigning;
use crate::rules::sign::generate_secret;

/// Secrets that sign at a time.
const SECRETS_MAX: usize = 5;

impl Control {
    /// Gives a destination a new secret; the old ones go on signing beside it for `grace`.
    pub async fn rotate_signing_secret(
        &self,
        workspace: WorkspaceId,
        which: &str,
        secret: Option<Secret>,
        grace: Duration,
        read: Vec<FieldFault>,
    ) -> Result<NewDestination, ManageError> {
        let mut faults = Faults::of("secret", read);
        let _guard = self.write_guard().await;
        let snapshot = self.snapshot().clone();
        let mut changed: Destination = find::destination(&snapshot.documents, workspace, which)?.clone();
        if changed.signing.profile == SigningProfile::None {
            return Err(ManageError::Conflict(
                "this destination does not sign; give it a signing profile first".into(),
            ));
        }
        let now = self.now();
        let end = now.plus(grace);
        let secret = secret.unwrap_or_else(|| Secret::new(generate_secret(random_bytes())));
        let mut secrets = vec![SigningSecret { secret: StoredSecret(secret.clone()), expires_at: None }];
        let old = changed.signing.secrets.into_iter().map(|old| SigningSecret {
            expires_at: Some(old.expires_at.map_or(end, |earlier| earlier.min(end))),
            ..old
        });
        secrets.extend(old.filter(|old| old.expires_at.is_some_and(|end| now < end)).take(SECRETS_MAX - 1));
        changed.signing.secrets = secrets;
        if let Err(fault) = PreparedSigning::prepare(&changed.signing) {
            faults.missing("/secret", fault.to_string());
        } else if secret.expose().is_empty() {
            faults.missing("/secret", "a secret must not be empty");
        }
        faults.done()?;
        self.write(vec![DocumentWrite::PutDestination(changed.clone())]).await?;
        Ok(NewDestination { destination: changed, secret: Some(secret) })
    }
}
