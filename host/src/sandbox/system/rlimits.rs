//! Limits that a child process sets for itself before it touches what strangers wrote, and how one ended that passed
//! them. Not here: what it does.

use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;

use crate::sandbox::system::nice;

/// What a child process may cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChildLimits {
    /// CPU time of all threads, seconds.
    pub cpu_seconds: u64,
    /// Address space, bytes.
    pub address_space: u64,
    /// Bytes of each file it writes.
    pub file_bytes: u64,
}

/// Of a child process, against 0 of the gateway's.
const NICENESS: i32 = 10;

/// Bounds this process, threads to come included, and makes it give way to others.
pub(crate) fn limit(limits: &ChildLimits) -> io::Result<()> {
    let set = |what, value| {
        let limit = libc::rlimit { rlim_cur: value, rlim_max: value };
        #[expect(unsafe_code, reason = "a system call that reads a struct of ours")]
        match unsafe { libc::setrlimit(what, &raw const limit) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    };
    set(libc::RLIMIT_CORE, 0)?;
    set(libc::RLIMIT_CPU, limits.cpu_seconds)?;
    set(libc::RLIMIT_AS, limits.address_space)?;
    set(libc::RLIMIT_FSIZE, limits.file_bytes)?;
    nice::step_back(NICENESS);
    Ok(())
}

impl ChildLimits {
    /// Which limit a child passed that ended so; `None` if it was none of them.
    pub(crate) fn passed(&self, ended: ExitStatus) -> Option<String> {
        match ended.signal()? {
            libc::SIGXCPU | libc::SIGKILL => {
                Some(format!("it took more than {} s of CPU time", self.cpu_seconds))
            }
            // An allocation that fails aborts; so do threads that cannot be started.
            libc::SIGABRT | libc::SIGSEGV | libc::SIGBUS => {
                Some(format!("it took more than {} MiB of memory", self.address_space >> 20))
            }
            libc::SIGXFSZ => Some(format!("it wrote more than {} MiB", self.file_bytes >> 20)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_limit_that_was_passed() {
        let limits = ChildLimits { cpu_seconds: 3, address_space: 5 << 20, file_bytes: 7 << 20 };
        let check = |status: i32, expected: Option<&str>| {
            assert_eq!(limits.passed(ExitStatus::from_raw(status)).as_deref(), expected, "{status}");
        };
        check(libc::SIGXCPU, Some("it took more than 3 s of CPU time"));
        check(libc::SIGKILL, Some("it took more than 3 s of CPU time"));
        check(libc::SIGABRT, Some("it took more than 5 MiB of memory"));
        check(libc::SIGXFSZ, Some("it wrote more than 7 MiB"));
        check(libc::SIGTERM, None);
        check(101 << 8, None);
    }
}
