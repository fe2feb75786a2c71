//! Says of each event how many its instance has seen, as a plugin in JavaScript with a `globalThis.n` would. It asks for
//! batches in its manifest, and computes for a while, so that others come to wait.

use std::cell::Cell;
use std::hint::black_box;

wit_bindgen::generate!({ world: "plugin", path: "../../../wit" });

use hookmill::plugin::types::Output;
use serde_json::{Value, json};

struct Plugin;

export!(Plugin);

/// Steps of the computation, some hundred microseconds.
const STEPS: u64 = 300_000;

thread_local! {
    static SEEN: Cell<u64> = const { Cell::new(0) };
}

impl Guest for Plugin {
    fn manifest() -> String {
        r#"{"name": "tally", "version": "1.0.0", "batch": true}"#.to_string()
    }

    fn configure(_: String) -> Result<(), String> {
        Ok(())
    }

    fn transform(event: Event) -> Result<Verdict, String> {
        let sent: Value = serde_json::from_slice(&event.payload).map_err(|error| error.to_string())?;
        black_box((0..STEPS).fold(1_u64, |sum, step| black_box(sum.wrapping_mul(31) ^ step)));
        SEEN.set(SEEN.get() + 1);
        let payload = json!({"number": sent["number"], "seen": SEEN.get()}).to_string().into_bytes();
        Ok(Verdict::Forward(vec![Output { event_type: None, headers: vec![], payload, ordering_key: None }]))
    }

    fn transform_batch(events: Vec<Event>) -> Vec<Result<Verdict, String>> {
        events.into_iter().map(Self::transform).collect()
    }
}
