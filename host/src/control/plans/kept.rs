//! Plans that wait to be carried out: in the store with the values that plugins keep, in a place of the workspace that no
//! plugin has, so that any node can carry out what another one planned. The newest few of a workspace, a quarter of an
//! hour. The documents are sealed, for they may have secrets in them.

use std::time::Duration;

use serde::Deserialize;
use serde::Serialize;

use crate::control::Control;
use crate::control::plans::WantedSet;
use crate::control::random_bytes;
use crate::domain::grant::KvSpace;
use crate::domain::grant::KvWrite;
use crate::domain::id::DeliveryId;
use crate::domain::id::EventId;
use crate::domain::id::PlanId;
use crate::domain::id::WorkspaceId;
use crate::domain::sealed::SecretName;
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use crate::rules::seal::NONCE_BYTES;
use crate::store::Change;
use crate::store::Store as _;
use crate::store::StoreError;

/// No plugin has a name with a slash.
const SPACE: &str = "/plans";
/// How long one may wait.
const KEPT_FOR: Duration = Duration::from_secs(15 * 60);
/// Between two looks for those whose time is over.
const SWEEP_EVERY: Duration = Duration::from_secs(60);
/// Of a workspace.
const KEPT_MAX: usize = 20;

/// What is done to what came in, to which of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum KeptOperation {
    /// Failed deliveries are sent again.
    Retry(Vec<DeliveryId>),
    /// Events are taken in again.
    Replay(Vec<EventId>),
}

/// What is needed to carry it out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct KeptPlan {
    /// The documents, as they came.
    pub documents: String,
    /// The set that they are.
    pub set: Option<WantedSet>,
    /// The digest of the configuration it was made from.
    pub base: [u8; 32],
    /// What is done besides.
    pub operations: Vec<KeptOperation>,
}

impl KeptPlan {
    /// When the plan of that id is let go of.
    pub fn expires_at(id: PlanId) -> Timestamp {
        Timestamp::from_millis(id.unix_millis()).plus(KEPT_FOR)
    }
}

impl Control {
    /// Keeps a plan; it is on disk when its id is answered.
    pub async fn keep_plan(&self, workspace: WorkspaceId, plan: &KeptPlan) -> Result<PlanId, StoreError> {
        let space = space(workspace);
        let id = PlanId::from_bits(self.new_id());
        let kept = self.store().kv_keys(&space, "", 2 * KEPT_MAX).await?;
        let surplus = (kept.len() + 1).saturating_sub(KEPT_MAX);
        let is_over = |(at, key): (usize, &String)| at < surplus || self.is_over(key);
        let gone =
            kept.iter().enumerate().filter(|(at, key)| is_over((*at, key))).map(|(_, key)| key.clone());
        let mut kv: Vec<KvWrite> =
            gone.map(|key| KvWrite { space: space.clone(), key, value: None }).collect();
        let sealed = KeptPlan { documents: self.seal_documents(workspace, id, plan), ..plan.clone() };
        let value = postcard::to_stdvec(&sealed).unwrap_or_default();
        kv.push(KvWrite { space, key: id.to_string(), value: Some(value) });
        self.store().commit(Change { kv, ..Change::default() }).await?;
        Ok(id)
    }

    /// A plan that waits.
    pub async fn kept_plan(
        &self,
        workspace: WorkspaceId,
        id: PlanId,
    ) -> Result<Option<KeptPlan>, StoreError> {
        let key = id.to_string();
        if self.is_over(&key) {
            return Ok(None);
        }
        let found = self.store().kv_get(&space(workspace), &key).await?;
        let found: Option<KeptPlan> = found.and_then(|value| postcard::from_bytes(&value).ok());
        Ok(found.and_then(|sealed| self.opened(workspace, id, sealed)))
    }

    /// Documents may have secrets in them.
    fn seal_documents(&self, workspace: WorkspaceId, id: PlanId, plan: &KeptPlan) -> String {
        let mut nonce = [0; NONCE_BYTES];
        nonce.copy_from_slice(&random_bytes()[..NONCE_BYTES]);
        let text = Secret::new(plan.documents.as_str());
        self.compiler().seal_key.seal((workspace, &sealed_as(id)), nonce, &text)
    }

    fn opened(&self, workspace: WorkspaceId, id: PlanId, sealed: KeptPlan) -> Option<KeptPlan> {
        let text = self.compiler().seal_key.open_text((workspace, &sealed_as(id)), &sealed.documents)?;
        Some(KeptPlan { documents: text.expose().to_owned(), ..sealed })
    }

    /// Takes a plan away, so that nobody else can carry it out; its being away is on disk.
    pub async fn take_plan(
        &self,
        workspace: WorkspaceId,
        id: PlanId,
    ) -> Result<Option<KeptPlan>, StoreError> {
        let _guard = self.write_guard().await;
        let found = self.kept_plan(workspace, id).await?;
        if found.is_some() {
            let kv = vec![KvWrite { space: space(workspace), key: id.to_string(), value: None }];
            self.store().commit(Change { kv, ..Change::default() }).await?;
        }
        Ok(found)
    }

    /// Lets go of one that was carried out. Nobody waits for it: what was done is done, and has to be answered, with the
    /// keys that are shown this once.
    pub fn forget_plan(&self, workspace: WorkspaceId, id: PlanId) {
        let kv = vec![KvWrite { space: space(workspace), key: id.to_string(), value: None }];
        self.store().note(Change { kv, ..Change::default() });
    }

    /// Lets go of plans as their time is over; never ends.
    pub async fn sweep_plans(self) {
        loop {
            tokio::time::sleep(SWEEP_EVERY).await;
            if let Err(error) = self.expire_plans().await {
                self.observer().store_error("let go of plans", &error);
            }
        }
    }

    /// Lets go of those whose time is over.
    pub(crate) async fn expire_plans(&self) -> Result<(), StoreError> {
        let snapshot = self.snapshot().clone();
        for workspace in snapshot.documents.workspaces.all() {
            let space = space(workspace.id);
            let kept = self.store().kv_keys(&space, "", 2 * KEPT_MAX).await?;
            let gone = kept.into_iter().filter(|key| self.is_over(key));
            let kv: Vec<KvWrite> =
                gone.map(|key| KvWrite { space: space.clone(), key, value: None }).collect();
            if !kv.is_empty() {
                self.store().note(Change { kv, ..Change::default() });
            }
        }
        Ok(())
    }

    fn is_over(&self, key: &str) -> bool {
        key.parse().is_ok_and(|id| KeptPlan::expires_at(id) <= self.now())
    }
}

/// What a plan's documents are sealed for: their bytes in the place of another plan open nothing.
fn sealed_as(id: PlanId) -> SecretName {
    id.to_string().parse().expect("an id has letters, digits and `_`, a letter first")
}

fn space(workspace: WorkspaceId) -> KvSpace {
    KvSpace { workspace, plugin: SPACE.into() }
}
