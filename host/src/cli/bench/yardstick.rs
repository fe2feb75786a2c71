//! How fast the machine is while the bench runs, so that figures of different machines and hours can be compared: what it
//! takes serde_json to read and write one kibibyte, over and over, beside the load. Not here: the load.

use std::hint::black_box;
use std::sync::mpsc;
use std::sync::mpsc::RecvTimeoutError;
use std::sync::mpsc::Sender;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;
use std::time::Instant;

use anyhow::anyhow;
use serde_json::Value;
use serde_json::json;

/// Between two looks; each takes well under a millisecond.
const EVERY: Duration = Duration::from_millis(50);
/// Measurements of a look. The median of all leaves out those that the load interrupted.
const TIMES: usize = 8;

/// Measures until it is asked for the result.
pub(super) struct Yardstick {
    stop: Sender<()>,
    thread: JoinHandle<Vec<Duration>>,
}

impl Yardstick {
    pub(super) fn start() -> anyhow::Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let text = document().to_string();
        let run = move || {
            let mut took = Vec::new();
            loop {
                took.extend((0..TIMES).map(|_| once(&text)));
                if stopped.recv_timeout(EVERY) != Err(RecvTimeoutError::Timeout) {
                    return took;
                }
            }
        };
        let thread = thread::Builder::new().name("yardstick".to_owned()).spawn(run)?;
        Ok(Self { stop, thread })
    }

    /// The median.
    pub(super) fn stop(self) -> anyhow::Result<Duration> {
        drop(self.stop);
        let mut took = self.thread.join().map_err(|_| anyhow!("the yardstick's thread panicked"))?;
        took.sort();
        took.get(took.len() / 2).copied().ok_or_else(|| anyhow!("nothing was measured"))
    }
}

/// About a kibibyte of small members, as events have.
fn document() -> Value {
    let item = |number: u32| {
        json!({"id": number, "name": format!("item {number}"), "price": f64::from(number) * 1.25,
            "tags": ["new", "blue"], "sold": false})
    };
    json!({"order": "o-4711", "customer": {"name": "Ada", "since": "2019-03-01"},
        "items": (0..12).map(item).collect::<Vec<_>>()})
}

fn once(text: &str) -> Duration {
    let began = Instant::now();
    let value: Option<Value> = serde_json::from_str(black_box(text)).ok();
    black_box(value.map(|value| value.to_string()));
    began.elapsed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_measures_a_kibibyte() {
        assert!((900..1100).contains(&document().to_string().len()), "{}", document().to_string().len());
        let yardstick = Yardstick::start().unwrap();
        thread::sleep(EVERY);
        assert!(yardstick.stop().unwrap() > Duration::ZERO);
    }
}
