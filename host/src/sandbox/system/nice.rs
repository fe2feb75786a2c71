//! Threads that step back. Not here: who does.

/// Lowers the priority of the calling thread, and of those it starts later, to this niceness: from 0, as usual, to 19,
/// which comes after nearly everything. A courtesy: where the system refuses, nothing changes.
pub(crate) fn step_back(niceness: i32) {
    #[expect(unsafe_code, reason = "a system call without pointers; 0 is the calling thread")]
    let _ = unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, niceness) };
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The niceness of the calling thread, the 19th field of its line in proc(5).
    fn niceness() -> i32 {
        let line = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
        let behind_the_name = line.rsplit_once(')').unwrap().1;
        behind_the_name.split_whitespace().nth(16).unwrap().parse().unwrap()
    }

    #[test]
    fn a_thread_steps_back_and_no_other_does() {
        let before = niceness();
        let stepped = std::thread::spawn(|| {
            step_back(7);
            niceness()
        });
        assert_eq!((stepped.join().unwrap(), niceness()), (7, before));
    }
}
