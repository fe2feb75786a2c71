//! From WebAssembly to the machine's code. This is the dangerous part of an upload, since a small
//! module can cost minutes and gigabytes, and so it runs in a process of its own that limits
//! itself; `child` starts that process. Not here: names of stored files.

use std::borrow::Cow;
use std::fs::File;
use std::io;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::path::PathBuf;

use wasmparser::Parser;
use wit_component::ComponentEncoder;

use crate::sandbox::direct;
use crate::sandbox::direct::Found;
use crate::sandbox::error::Refusal;
use crate::sandbox::error::RefusalCode;
use crate::sandbox::module::engine;
use crate::sandbox::module::scan;
use crate::sandbox::module::tier::Tier;
use crate::sandbox::system::rlimits;
use crate::sandbox::text;

/// Bytes of a refusal that the child may hand back.
pub(crate) const DETAIL_BYTES: usize = 2048;

/// Why the compiler's process gave no code.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// A file could not be read or written.
    #[error("cannot {action} {}: {source}", path.display())]
    File {
        /// What was tried, as a verb.
        action: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The limits could not be set, so nothing was compiled.
    #[error("cannot limit this process: {0}")]
    Limits(io::Error),
    /// There is no such tier.
    #[error("no tier `{0}`")]
    Tier(String),
    /// The module cannot be compiled.
    #[error("{0}")]
    Refused(Refusal),
}

/// All that `hookmill compile-plugin --tier TIER --in INPUT --out OUTPUT` does: limits this process
/// (CPU time, address space, priority) as the tier says, reads the module and writes its code. When it refuses the module, it
/// writes why to [`refusal_file`] of the output. Must be called before the process does anything
/// else that needs much memory; the process should end after it.
pub fn child_main(tier: &str, input: &Path, output: &Path) -> Result<(), CompileError> {
    let tier = Tier::named(tier).ok_or_else(|| CompileError::Tier(tier.to_owned()))?;
    rlimits::limit(&tier.compile.child).map_err(CompileError::Limits)?;
    let failed = |action, path: &Path| {
        let path = path.to_owned();
        move |source| CompileError::File { action, path, source }
    };
    let module = std::fs::read(input).map_err(failed("read", input))?;
    match compile(&module, tier) {
        Ok(made) => {
            write(output, &made.code).map_err(failed("write", output))?;
            let plan = plan_file(output);
            made.plan.map_or(Ok(()), |bytes| write(&plan, &bytes).map_err(failed("write", &plan)))
        }
        Err(refusal) => {
            let path = refusal_file(output);
            write(&path, format!("{}\n{}", refusal.code, refusal.detail).as_bytes())
                .map_err(failed("write", &path))?;
            Err(CompileError::Refused(refusal))
        }
    }
}

/// Where the child says why it refused a module: its code on the first line, then the detail.
pub(crate) fn refusal_file(output: &Path) -> PathBuf {
    output.with_added_extension("refused")
}

/// Where the plan is of the code that is in this file, if there is one.
pub(crate) fn plan_file(output: &Path) -> PathBuf {
    output.with_added_extension("plan")
}

/// What is made of a module.
#[derive(Debug)]
pub(crate) struct Made {
    pub code: Vec<u8>,
    /// Whether and how it runs directly, for the kinds of guests that may.
    pub plan: Option<Vec<u8>>,
}

/// Of a component, or of a core module that carries its WIT.
pub(crate) fn compile(module: &[u8], tier: &Tier) -> Result<Made, Refusal> {
    let component = component(module)?;
    let Some(put_back) = &tier.put_back else {
        return Ok(Made { code: code(&component, tier)?, plan: None });
    };
    let (component, found) = match direct::prepared(&component, put_back) {
        Ok((prepared, plan)) => (Cow::Owned(prepared), Found::Plan(plan)),
        Err(why) => (component, Found::Not(why)),
    };
    let plan = found.encoded().map_err(|error| invalid(format!("a plan of it: {error}")))?;
    Ok(Made { code: code(&component, tier)?, plan: Some(plan) })
}

fn code(component: &[u8], tier: &Tier) -> Result<Vec<u8>, Refusal> {
    engine::compiler(tier)?.precompile_component(component).map_err(|error| invalid(format!("{error:#}")))
}

/// Core modules become components, which are looked over like uploaded ones, since the interface that a module carries
/// names more than its own imports do; components are left as they are.
fn component(module: &[u8]) -> Result<Cow<'_, [u8]>, Refusal> {
    if Parser::is_component(module) {
        return Ok(Cow::Borrowed(module));
    }
    let refused = |why| {
        invalid(format!(
            "a core module that cannot be made a component of the world hookmill:plugin/plugin: {why}"
        ))
    };
    let component = componentized(module).map_err(refused)?;
    scan::scan(&component)?;
    Ok(Cow::Owned(component))
}

/// A core module that carries its interface as a component, or why there is none. The encoder trusts lengths that the
/// interface says of itself, and panics where they are untrue.
pub(crate) fn componentized(module: &[u8]) -> Result<Vec<u8>, String> {
    let encode =
        || ComponentEncoder::default().validate(true).module(module).and_then(|mut encoder| encoder.encode());
    match std::panic::catch_unwind(AssertUnwindSafe(encode)) {
        Ok(encoded) => encoded.map_err(|error| format!("{error:#}")),
        Err(_) => Err("the interface that it carries cannot be read".to_owned()),
    }
}

fn invalid(detail: String) -> Refusal {
    Refusal::new(RefusalCode::Invalid, text::cut(detail, DETAIL_BYTES))
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    File::options().write(true).create_new(true).mode(0o600).open(path)?.write_all(bytes)
}
