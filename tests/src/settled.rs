//! Waiting for deliveries. An event that was taken has no delivery for an instant: that nothing waits says only of those
//! that are known to have one that they are done. Not here: what a receiver got (`sink`).

use crate::Client;
use crate::eventually;

/// Waits until no delivery that there is waits for anything any more. For events of which something came already.
pub async fn settled(client: &Client) {
    for state in ["pending", "retrying"] {
        eventually(&format!("nothing is {state} any more"), || async {
            let page = client.get(&format!("/v1/deliveries?state={state}&limit=1")).await.expect(200);
            page["items"].as_array().unwrap().is_empty().then_some(())
        })
        .await;
    }
}

/// Waits until exactly so many are delivered, and nothing waits.
pub async fn all_delivered(client: &Client, count: usize) {
    eventually(&format!("{count} are delivered"), || async {
        let delivered = client.all("/v1/deliveries?state=delivered&limit=500").await;
        (delivered.len() == count).then_some(())
    })
    .await;
    settled(client).await;
}
