//! Compiling in a process of its own. Not here: what that process does (`compile`).

use std::path::Path;
use std::process::ExitStatus;
use std::process::Stdio;

use tokio::process::Command;

use crate::sandbox::artifacts::compile;
use crate::sandbox::artifacts::files::Temporary;
use crate::sandbox::error::Refusal;
use crate::sandbox::error::RefusalCode;
use crate::sandbox::error::SandboxError;
use crate::sandbox::module::tier::CompileLimits;
use crate::sandbox::module::tier::Tier;

/// Runs `exe compile-plugin`, which writes the code of `module` to `code`.
pub(crate) async fn compile(exe: &Path, module: &Path, code: &Temporary, tier: &Tier) -> Result<(), Refusal> {
    let limits = &tier.compile;
    let mut command = Command::new(exe);
    command.arg("compile-plugin").arg("--in").arg(module).arg("--out").arg(code.path());
    command.arg("--tier").arg(tier.name);
    // Nothing of the gateway's environment: it may hold secrets, and the child needs none of it.
    // Each compiler thread maps a stack and a heap of its own from the little address space.
    command.env_clear().env("RAYON_NUM_THREADS", "2");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let mut child = command.spawn().map_err(|source| {
        Refusal::from(SandboxError::File { action: "start the compiler", path: exe.to_owned(), source })
    })?;
    let Ok(ended) = tokio::time::timeout(limits.wall, child.wait()).await else {
        // Dropped, it is killed and later reaped by the runtime.
        return Err(costly(format!("it took more than {:?}", limits.wall)));
    };
    let ended = ended
        .map_err(|error| Refusal::new(RefusalCode::Host, format!("cannot wait for the compiler: {error}")))?;
    let refusal = reported(code);
    match refusal {
        None if ended.success() && code.path().exists() => Ok(()),
        None if ended.success() => Err(Refusal::new(RefusalCode::Host, "the compiler left no code")),
        Some(refusal) => Err(refusal),
        None => Err(judged(ended, limits)),
    }
}

/// What the child wrote about the module, if it refused it.
fn reported(code: &Temporary) -> Option<Refusal> {
    let path = compile::refusal_file(code.path());
    let text = std::fs::read_to_string(&path).ok()?;
    let _ = std::fs::remove_file(&path);
    let (name, detail) = text.split_once('\n')?;
    Some(Refusal::new(RefusalCode::from_name(name)?, detail))
}

/// How a child that said nothing ended.
fn judged(ended: ExitStatus, limits: &CompileLimits) -> Refusal {
    match limits.child.passed(ended) {
        Some(limit) => costly(limit),
        // A panic: an allocation that fails within a thread, or a fault of the compiler's own.
        None if ended.code() == Some(101) => costly("the compiler gave up on it".to_owned()),
        None => Refusal::new(RefusalCode::Host, format!("the compiler ended with {ended}")),
    }
}

fn costly(detail: String) -> Refusal {
    let advice = "split large functions, leave out what is unused, and build with optimisation";
    Refusal::new(RefusalCode::TooCostlyToCompile, format!("{detail}; {advice}"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;

    use super::*;
    use crate::sandbox::module::tier::NATIVE;

    #[test]
    fn names_how_the_child_ended() {
        let check = |status: i32, expected: RefusalCode| {
            let refusal = judged(ExitStatus::from_raw(status), &NATIVE.compile);
            assert_eq!(refusal.code, expected, "{status}: {refusal}");
        };
        check(libc::SIGXCPU, RefusalCode::TooCostlyToCompile);
        check(libc::SIGKILL, RefusalCode::TooCostlyToCompile);
        check(libc::SIGABRT, RefusalCode::TooCostlyToCompile);
        check(libc::SIGXFSZ, RefusalCode::TooCostlyToCompile);
        check(libc::SIGTERM, RefusalCode::Host);
        check(101 << 8, RefusalCode::TooCostlyToCompile);
        check(1 << 8, RefusalCode::Host);
    }
}
