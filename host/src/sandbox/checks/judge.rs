//! Who says whether payloads fit the schema of a destination. In the gateway that is a process of its own, which limits
//! itself: a schema can hold patterns that take minutes and gigabytes to compile, and one that names itself twice at each
//! depth makes checking take any time. The author of a schema, in whose process nobody else is, needs no other. Not here:
//! what is asked (`fitting`), reading a schema (`rules::payload_schema`).

use std::io;
use std::io::Read;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncBufReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::io::BufReader;
use tokio::process::Child;
use tokio::process::ChildStdin;
use tokio::process::ChildStdout;
use tokio::process::Command;
use tokio::sync::OwnedSemaphorePermit;

use crate::rules::payload_schema::PayloadSchema;
use crate::sandbox::system::rlimits;
use crate::sandbox::system::rlimits::ChildLimits;

/// What judging all payloads of one schema may cost.
const LIMITS: ChildLimits = ChildLimits { cpu_seconds: 20, address_space: 512 << 20, file_bytes: 0 };
/// Until an answer about one payload, or a turn, counts as never coming; generous, since the machine may be busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// Bytes of a frame that the child takes: above what any plugin may forward.
const FRAME_BYTES_MAX: u32 = 256 << 20;

/// See the head of this file.
#[derive(Debug)]
pub struct Judge(Place);

#[derive(Debug)]
enum Place {
    Here(PayloadSchema),
    Apart(Box<Apart>),
}

/// A process of its own, which takes frames and answers each with a line. Killed when this is dropped.
#[derive(Debug)]
struct Apart {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
    /// Held as long as there is the process.
    _turn: Arc<OwnedSemaphorePermit>,
}

impl Judge {
    /// In this process: for the author of the schema.
    pub fn here(schema: PayloadSchema) -> Self {
        Self(Place::Here(schema))
    }

    /// Starts `exe judge-payloads` and lets it compile the schema; an error says why it cannot.
    pub(crate) async fn start(
        exe: &Path,
        schema: &str,
        turn: Arc<OwnedSemaphorePermit>,
    ) -> Result<Self, String> {
        let mut command = Command::new(exe);
        // Nothing of the gateway's environment: it may hold secrets, and the child needs none of it.
        command.arg("judge-payloads").env_clear().kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child =
            command.spawn().map_err(|error| format!("cannot start {}: {error}", exe.display()))?;
        let (Some(questions), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("a process without pipes".to_owned());
        };
        let apart = Apart { child, questions, answers: BufReader::new(answers), _turn: turn };
        let mut judge = Self(Place::Apart(Box::new(apart)));
        match judge.faults(schema.as_bytes()).await?.into_iter().next() {
            None => Ok(judge),
            Some(why) => Err(why),
        }
    }

    /// How a payload fails to fit, empty if it fits. An error says why that cannot be told, of this payload and of any
    /// after it.
    pub(crate) async fn faults(&mut self, payload: &[u8]) -> Result<Vec<String>, String> {
        match &mut self.0 {
            Place::Here(schema) => Ok(schema.faults(payload)),
            Place::Apart(apart) => match tokio::time::timeout(PATIENCE, apart.ask(payload)).await {
                Ok(Ok(faults)) => Ok(faults),
                Ok(Err(_)) => Err(apart.ended().await),
                Err(_) => Err(format!("checking it took more than {PATIENCE:?}")),
            },
        }
    }
}

impl Apart {
    async fn ask(&mut self, payload: &[u8]) -> io::Result<Vec<String>> {
        let length = u32::try_from(payload.len()).map_err(io::Error::other)?;
        self.questions.write_all(&length.to_be_bytes()).await?;
        self.questions.write_all(payload).await?;
        self.questions.flush().await?;
        let mut line = String::new();
        self.answers.read_line(&mut line).await?;
        serde_json::from_str(&line).map_err(io::Error::other)
    }

    /// Why it answers no more.
    async fn ended(&mut self) -> String {
        match tokio::time::timeout(PATIENCE, self.child.wait()).await {
            Ok(Ok(ended)) => {
                LIMITS.passed(ended).unwrap_or_else(|| format!("checking it ended with {ended}"))
            }
            Ok(Err(error)) => format!("cannot wait for the process that checks it: {error}"),
            Err(_) => "the process that checks it does not answer".to_owned(),
        }
    }
}

/// All that `hookmill judge-payloads` does: limits this process, takes frames (four bytes of length, the most significant
/// first, and as many bytes) and answers each with a line, a JSON array of faults. The first frame is the schema, the
/// others are payloads.
pub fn child_main(mut frames: impl Read, mut answers: impl Write) -> io::Result<()> {
    rlimits::limit(&LIMITS)?;
    let mut answer = |faults: &[String]| {
        serde_json::to_writer(&mut answers, faults)?;
        answers.write_all(b"\n")?;
        answers.flush()
    };
    let text = frame(&mut frames)?.map(String::from_utf8).transpose().map_err(io::Error::other)?;
    let schema = match PayloadSchema::compile(&text.unwrap_or_default()) {
        Ok(schema) => schema,
        Err(why) => return answer(&[why]),
    };
    answer(&[])?;
    while let Some(payload) = frame(&mut frames)? {
        answer(&schema.faults(&payload))?;
    }
    Ok(())
}

/// The next one, `None` at the end.
fn frame(from: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    match from.read_exact(&mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let length = u32::from_be_bytes(length);
    if length > FRAME_BYTES_MAX {
        return Err(io::Error::other(format!("a frame of {length} bytes")));
    }
    let mut bytes = Vec::new();
    from.take(length.into()).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_read_whole_or_not_at_all() {
        let mut bytes: &[u8] = &[0, 0, 0, 2, b'{', b'}', 0, 0, 0, 0, 9];
        assert_eq!(frame(&mut bytes).unwrap().unwrap(), b"{}");
        assert_eq!(frame(&mut bytes).unwrap().unwrap(), b"");
        assert!(frame(&mut bytes).unwrap().is_none());
        assert!(frame(&mut [255_u8; 8].as_slice()).is_err());
    }
}
