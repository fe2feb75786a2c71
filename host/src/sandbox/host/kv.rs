//! What one call reads and writes of what its plugin keeps: its own writes first, then what was stored, all of it bounded.
//! Not here: where values are kept, the functions a guest calls (`grants`).

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::sandbox::host::context::KvRead;
use crate::sandbox::host::context::KvWrites;
use crate::sandbox::host::stop::TooMuch;
use crate::sandbox::host::stop::Unavailable;

/// Bytes of a key.
const KEY_BYTES_MAX: usize = 256;
/// Bytes of a value.
const VALUE_BYTES_MAX: usize = 64 << 10;
/// Keys one event may write.
const WRITES_MAX: usize = 100;
/// Bytes one event may write, keys included.
const WRITTEN_BYTES_MAX: usize = 1 << 20;
/// Times one event may read; a listing is one.
const READS_MAX: u32 = 1000;
/// What one call reads and writes of what its plugin keeps.
#[derive(Default)]
pub(crate) struct KvSession {
    stored: Option<Arc<dyn KvRead>>,
    writes: KvWrites,
    written_bytes: usize,
    reads: u32,
}

impl KvSession {
    /// With what was stored, and what was written before for the same event.
    pub(crate) fn new(stored: Option<Arc<dyn KvRead>>, writes: KvWrites) -> Self {
        let bytes =
            |(key, value): (&String, &Option<Vec<u8>>)| key.len() + value.as_ref().map_or(0, Vec::len);
        let written_bytes = writes.iter().map(bytes).sum();
        Self { stored, writes, written_bytes, reads: 0 }
    }

    /// What it wrote.
    pub(crate) fn into_writes(self) -> KvWrites {
        self.writes
    }

    pub(super) fn read(&mut self) -> Result<(), TooMuch> {
        self.reads += 1;
        if self.reads > READS_MAX {
            return Err(TooMuch(format!("more than {READS_MAX} reads for one event")));
        }
        Ok(())
    }

    pub(super) fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Unavailable> {
        if let Some(written) = self.writes.get(key) {
            return Ok(written.clone());
        }
        let stored = self.stored.as_ref().map(|kv| kv.get(key));
        Ok(stored.transpose().map_err(Unavailable)?.flatten())
    }

    pub(super) fn keys(&self, prefix: &str, limit: usize) -> Result<Vec<String>, Unavailable> {
        // As many more as this event may have deleted.
        let ask = limit + self.writes.len();
        let stored = self.stored.as_ref().map(|kv| kv.keys(prefix, ask)).transpose().map_err(Unavailable)?;
        let mut keys: BTreeSet<String> = stored.unwrap_or_default().into_iter().collect();
        for (key, value) in &self.writes {
            match value {
                Some(_) if key.starts_with(prefix) => _ = keys.insert(key.clone()),
                Some(_) => {}
                None => _ = keys.remove(key),
            }
        }
        Ok(keys.into_iter().take(limit).collect())
    }

    pub(super) fn write(&mut self, key: String, value: Option<Vec<u8>>) -> Result<(), String> {
        if key.is_empty() || key.len() > KEY_BYTES_MAX {
            return Err(format!("a key has 1 to {KEY_BYTES_MAX} bytes, this one {}", key.len()));
        }
        if key.chars().any(char::is_control) {
            return Err("a key has no control characters".to_owned());
        }
        let length = value.as_ref().map_or(0, Vec::len);
        if length > VALUE_BYTES_MAX {
            return Err(format!("a value has at most {VALUE_BYTES_MAX} bytes, this one {length}"));
        }
        if self.writes.len() >= WRITES_MAX && !self.writes.contains_key(&key) {
            return Err(format!("one event writes at most {WRITES_MAX} keys"));
        }
        let bytes = self.written_bytes + key.len() + length;
        if bytes > WRITTEN_BYTES_MAX {
            return Err(format!("one event writes at most {WRITTEN_BYTES_MAX} bytes"));
        }
        self.written_bytes = bytes;
        self.writes.insert(key, value);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Stored;

    impl KvRead for Stored {
        fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
            match key {
                "broken" => Err("the disk is away".to_owned()),
                "a" | "b" => Ok(Some(key.as_bytes().to_vec())),
                _ => Ok(None),
            }
        }

        fn keys(&self, prefix: &str, limit: usize) -> Result<Vec<String>, String> {
            let all = ["a", "b"].into_iter().filter(|key| key.starts_with(prefix));
            Ok(all.map(str::to_owned).take(limit).collect())
        }
    }

    fn session() -> KvSession {
        KvSession::new(Some(Arc::new(Stored)), KvWrites::new())
    }

    #[test]
    fn writes_are_seen_by_later_reads() {
        let mut session = session();
        session.write("c".to_owned(), Some(vec![1])).unwrap();
        session.write("a".to_owned(), None).unwrap();
        assert_eq!(session.get("a").unwrap(), None);
        assert_eq!(session.get("b").unwrap(), Some(b"b".to_vec()));
        assert_eq!(session.keys("", 10).unwrap(), ["b", "c"]);
        assert_eq!(session.keys("", 1).unwrap(), ["b"]);
        assert_eq!(session.keys("c", 10).unwrap(), ["c"]);
        assert_eq!(session.get("broken").unwrap_err().to_string(), "the disk is away");
        let writes: Vec<_> = session.into_writes().into_iter().collect();
        assert_eq!(writes, [("a".to_owned(), None), ("c".to_owned(), Some(vec![1]))]);
    }

    #[test]
    fn without_a_store_there_is_nothing() {
        let mut session = KvSession::default();
        assert_eq!((session.get("a").unwrap(), session.keys("", 10).unwrap()), (None, Vec::new()));
        session.write("a".to_owned(), Some(vec![1])).unwrap();
        assert_eq!(session.get("a").unwrap(), Some(vec![1]));
    }

    #[test]
    fn what_is_too_much_is_refused() {
        let mut session = session();
        let mut refusal = |key: &str, bytes: usize| session.write(key.to_owned(), Some(vec![0; bytes])).err();
        assert_eq!(refusal("", 1).unwrap(), "a key has 1 to 256 bytes, this one 0");
        assert_eq!(refusal(&"k".repeat(257), 1).unwrap(), "a key has 1 to 256 bytes, this one 257");
        assert_eq!(refusal("a\0b", 1).unwrap(), "a key has no control characters");
        assert_eq!(refusal("k", 65_537).unwrap(), "a value has at most 65536 bytes, this one 65537");
        for number in 0..15 {
            assert_eq!(refusal(&number.to_string(), 65_536), None);
        }
        assert_eq!(refusal("one more", 65_536).unwrap(), "one event writes at most 1048576 bytes");
        for number in 15..100 {
            assert_eq!(refusal(&number.to_string(), 1), None);
        }
        assert_eq!(refusal("another", 1).unwrap(), "one event writes at most 100 keys");
        assert_eq!(refusal("7", 1), None, "a key that was written already");
        for _ in 0..READS_MAX {
            session.read().unwrap();
        }
        assert!(session.read().is_err());
    }
}
