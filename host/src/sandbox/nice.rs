//! Threads that step back. Not here: who does.

/// Lowers the priority of the calling thread, and of those it starts later, to this niceness: from 0, as usual, to 19,
/// which comes after nearly everything. A courtesy: where the system refuses, nothing changes.
pub(crate) fn step_back(niceness: i32) {
    #[expect(unsafe_code, reason = "a system call without pointers; 0 is the calling thread")]
    let _ = unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, niceness) };
}
