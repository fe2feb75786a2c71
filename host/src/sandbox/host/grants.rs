//! The host's side of the grants that are answered from memory: values kept, secrets, the time, random numbers. Not here:
//! requests to the outside (`fetch`), what is kept of a call (`kv`).

use crate::sandbox::host::state::GuestState;
use crate::sandbox::host::stop::TooMuch;
use crate::sandbox::host::stop::Unavailable;
use crate::sandbox::module::bindings::hookmill::plugin::clock;
use crate::sandbox::module::bindings::hookmill::plugin::kv;
use crate::sandbox::module::bindings::hookmill::plugin::random;
use crate::sandbox::module::bindings::hookmill::plugin::secrets;

/// Keys of one listing.
const KEYS_MAX: u32 = 1000;
/// Random bytes at a time.
const RANDOM_BYTES_MAX: u32 = 4096;

impl kv::Host for GuestState {
    fn get(&mut self, key: String) -> wasmtime::Result<Option<Vec<u8>>> {
        self.kv.read()?;
        Ok(self.kv.get(&key)?)
    }

    fn set(&mut self, key: String, value: Vec<u8>) -> wasmtime::Result<Result<(), String>> {
        Ok(self.kv.write(key, Some(value)))
    }

    fn delete(&mut self, key: String) -> wasmtime::Result<Result<(), String>> {
        Ok(self.kv.write(key, None))
    }

    fn keys(&mut self, prefix: String, limit: u32) -> wasmtime::Result<Vec<String>> {
        self.kv.read()?;
        Ok(self.kv.keys(&prefix, limit.min(KEYS_MAX) as usize)?)
    }
}

impl secrets::Host for GuestState {
    fn get(&mut self, name: String) -> wasmtime::Result<Option<String>> {
        Ok(self.context.secrets.get(&name).map(|value| value.expose().to_owned()))
    }
}

impl clock::Host for GuestState {
    fn now_ms(&mut self) -> wasmtime::Result<u64> {
        Ok(self.context.now_ms)
    }
}

impl random::Host for GuestState {
    fn next(&mut self) -> wasmtime::Result<u64> {
        let mut bytes = [0; 8];
        fill(&mut bytes)?;
        Ok(u64::from_ne_bytes(bytes))
    }

    fn bytes(&mut self, length: u32) -> wasmtime::Result<Vec<u8>> {
        if length > RANDOM_BYTES_MAX {
            return Err(
                TooMuch(format!("{length} random bytes at once, of at most {RANDOM_BYTES_MAX}")).into()
            );
        }
        let mut bytes = vec![0; length as usize];
        fill(&mut bytes)?;
        Ok(bytes)
    }
}

fn fill(bytes: &mut [u8]) -> Result<(), Unavailable> {
    getrandom::fill(bytes).map_err(|error| Unavailable(format!("no random numbers: {error}")))
}
