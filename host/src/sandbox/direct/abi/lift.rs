//! Reading what a plugin answered from its memory, none of which is to be trusted: places outside of it, odd alignments,
//! unknown variants and text that is not UTF-8 end the call, and so does more than the call may carry over the border,
//! however often it is pointed at. Words and order are those of the engine for components. Not here: what goes in
//! (`border`), limits of outputs.

use wasmtime::bail;

use crate::sandbox::host::stop::BorderPassed;
use crate::sandbox::module::bindings;
use crate::sandbox::module::bindings::hookmill::plugin::types::Output;

/// Bytes of `result<_, string>`.
const CONFIGURED: usize = 12;
/// Bytes of `result<verdict, string>`.
const ANSWER: usize = 16;
/// Bytes of `output`.
const OUTPUT: usize = 40;
/// Bytes of `tuple<string, string>`.
const HEADER: usize = 16;
/// Bytes of a text or a list.
const LIST: usize = 8;

/// What `transform` answers.
pub(crate) type GuestAnswer = Result<bindings::Verdict, String>;

/// Reads one answer.
pub(crate) struct Lift<'m> {
    memory: &'m [u8],
    /// Bytes that may still be carried over.
    left: usize,
}

impl<'m> Lift<'m> {
    pub(crate) fn new(memory: &'m [u8], bytes_max: usize) -> Self {
        Self { memory, left: bytes_max }
    }

    /// The manifest at this place.
    pub(crate) fn manifest(mut self, place: u32) -> wasmtime::Result<String> {
        let at = self.answer(place, LIST)?;
        self.text(at)
    }

    /// What `configure` answered.
    pub(crate) fn configured(mut self, place: u32) -> wasmtime::Result<Result<(), String>> {
        let at = self.answer(place, CONFIGURED)?;
        match self.memory[at] {
            0 => Ok(Ok(())),
            1 => Ok(Err(self.text(at + 4)?)),
            _ => bail!("invalid expected discriminant"),
        }
    }

    /// What `transform` answered.
    pub(crate) fn transformed(mut self, place: u32) -> wasmtime::Result<GuestAnswer> {
        let at = self.answer(place, ANSWER)?;
        self.verdict(at)
    }

    /// What `transform-batch` answered.
    pub(crate) fn batch(mut self, place: u32) -> wasmtime::Result<Vec<GuestAnswer>> {
        let at = self.answer(place, LIST)?;
        let answers = self.list(at, ANSWER, 4, size_of::<GuestAnswer>())?;
        answers.map(|at| self.verdict(at)).collect()
    }

    /// A message that a plugin logs.
    pub(crate) fn message(mut self, place: u32, length: u32) -> wasmtime::Result<String> {
        self.text_of(place as usize, length as usize)
    }

    /// The place of an answer, which is a whole one.
    fn answer(&self, place: u32, bytes: usize) -> wasmtime::Result<usize> {
        let at = place as usize;
        if !at.is_multiple_of(4) {
            bail!("return pointer not aligned");
        }
        if self.memory.len() < bytes || at > self.memory.len() - bytes {
            bail!("pointer out of bounds of memory");
        }
        Ok(at)
    }

    fn verdict(&mut self, at: usize) -> wasmtime::Result<GuestAnswer> {
        match (self.memory[at], self.memory[at + 4]) {
            (0, 0) => {
                let outputs = self.list(at + 8, OUTPUT, 4, size_of::<Output>())?;
                let outputs = outputs.map(|at| self.output(at)).collect::<wasmtime::Result<_>>()?;
                Ok(Ok(bindings::Verdict::Forward(outputs)))
            }
            (0, 1) => Ok(Ok(bindings::Verdict::Drop(self.text(at + 8)?))),
            (0, other) => bail!("unexpected discriminant: {other}"),
            (1, _) => Ok(Err(self.text(at + 4)?)),
            _ => bail!("invalid expected discriminant"),
        }
    }

    fn output(&mut self, at: usize) -> wasmtime::Result<Output> {
        Ok(Output {
            event_type: self.optional(at)?,
            headers: self.headers(at + 12)?,
            payload: self.bytes(at + 20)?,
            ordering_key: self.optional(at + 28)?,
        })
    }

    fn headers(&mut self, at: usize) -> wasmtime::Result<Vec<(String, String)>> {
        let headers = self.list(at, HEADER, 4, size_of::<(String, String)>())?;
        headers.map(|at| Ok((self.text(at)?, self.text(at + LIST)?))).collect()
    }

    fn optional(&mut self, at: usize) -> wasmtime::Result<Option<String>> {
        match self.memory[at] {
            0 => Ok(None),
            1 => self.text(at + 4).map(Some),
            _ => bail!("invalid option discriminant"),
        }
    }

    fn bytes(&mut self, at: usize) -> wasmtime::Result<Vec<u8>> {
        let range = self.range(self.number(at), self.number(at + 4), 1, 1, 1)?;
        Ok(self.memory[range].to_vec())
    }

    fn text(&mut self, at: usize) -> wasmtime::Result<String> {
        self.text_of(self.number(at), self.number(at + 4))
    }

    fn text_of(&mut self, place: usize, length: usize) -> wasmtime::Result<String> {
        let bytes = place.checked_add(length).and_then(|end| self.memory.get(place..end));
        let Some(bytes) = bytes else { bail!("string pointer/length out of bounds of memory") };
        self.carry(length)?;
        Ok(std::str::from_utf8(bytes)?.to_owned())
    }

    /// Places of the things of a list, each of `bytes` in the guest and of `host_bytes` in the host.
    fn list(
        &mut self,
        at: usize,
        bytes: usize,
        align: usize,
        host_bytes: usize,
    ) -> wasmtime::Result<impl Iterator<Item = usize> + use<>> {
        let range = self.range(self.number(at), self.number(at + 4), bytes, align, host_bytes)?;
        Ok(range.step_by(bytes))
    }

    fn range(
        &mut self,
        place: usize,
        things: usize,
        bytes: usize,
        align: usize,
        host_bytes: usize,
    ) -> wasmtime::Result<std::ops::Range<usize>> {
        let end = things.checked_mul(bytes).and_then(|bytes| place.checked_add(bytes));
        let Some(end) = end.filter(|end| *end <= self.memory.len()) else {
            bail!("list pointer/length out of bounds of memory");
        };
        if !place.is_multiple_of(align) {
            bail!("list pointer is not aligned");
        }
        self.carry(things.saturating_mul(host_bytes))?;
        Ok(place..end)
    }

    /// Counts what is carried over.
    fn carry(&mut self, bytes: usize) -> wasmtime::Result<()> {
        self.left = self.left.checked_sub(bytes).ok_or(BorderPassed)?;
        Ok(())
    }

    /// A number of four bytes; whoever calls has looked that they are there.
    fn number(&self, at: usize) -> usize {
        let mut bytes = [0; 4];
        bytes.copy_from_slice(&self.memory[at..at + 4]);
        u32::from_le_bytes(bytes) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Memory of 32 numbers.
    fn memory(numbers: &[(usize, u32)]) -> Vec<u8> {
        let mut memory = vec![0; 128];
        for (at, number) in numbers {
            memory[at * 4..at * 4 + 4].copy_from_slice(&number.to_le_bytes());
        }
        memory
    }

    #[test]
    fn an_answer_is_read_by_the_layout_of_its_type() {
        let mut one = memory(&[
            // A list of one output at 16, two headers at 80 … of which each text is "ab" at 120.
            (0, 0),
            (1, 0),
            (2, 16),
            (3, 1),
            (4, 1),
            (5, 120),
            (6, 2),
            (7, 80),
            (8, 1),
            (9, 121),
            (10, 1),
            (11, 0),
            (12, 0),
            (13, 0),
            (20, 120),
            (21, 1),
            (22, 120),
            (23, 2),
        ]);
        one[120..122].copy_from_slice(b"ab");
        let Ok(Ok(bindings::Verdict::Forward(outputs))) = Lift::new(&one, 1000).transformed(0) else {
            panic!("it forwards")
        };
        let [output] = outputs.as_slice() else { panic!("one") };
        assert_eq!(output.event_type.as_deref(), Some("ab"));
        assert_eq!(output.headers, [("a".to_owned(), "ab".to_owned())]);
        assert_eq!((output.payload.as_slice(), output.ordering_key.as_deref()), (&b"b"[..], None));
        assert!(Lift::new(&one, 100).transformed(0).unwrap_err().is::<BorderPassed>());
    }

    #[test]
    fn nothing_in_it_is_trusted() {
        let check = |numbers: &[(usize, u32)], place: u32, words: &str| {
            let memory = memory(numbers);
            let error = Lift::new(&memory, 1000).transformed(place).unwrap_err();
            assert!(error.to_string().contains(words), "{words}: {error:?}");
        };
        check(&[], 2, "not aligned");
        check(&[], 116, "out of bounds");
        check(&[], u32::MAX - 3, "out of bounds");
        check(&[(0, 2)], 0, "invalid expected discriminant");
        check(&[(1, 2)], 0, "unexpected discriminant");
        check(&[(2, 16), (3, 3)], 0, "list pointer/length out of bounds");
        check(&[(2, 18), (3, 1)], 0, "list pointer is not aligned");
        check(&[(2, u32::MAX - 7), (3, 2)], 0, "list pointer/length out of bounds");
        check(&[(2, 16), (3, 1), (4, 2)], 0, "invalid option discriminant");
        check(&[(1, 1), (2, 120), (3, 9)], 0, "string pointer/length out of bounds");
        check(&[(0, 1), (1, 0), (2, 4), (0, 0xff01)], 0, "utf-8");
    }
}
