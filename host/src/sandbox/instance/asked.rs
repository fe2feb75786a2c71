//! What an interpreter asked its system for when that ended the run. A plugin has no system: the kits put traps in its
//! place, which alone would say no more than that unreachable code was reached. The kits refuse what they can by name
//! before it comes to this. Not here: faults of the plugin's own (`faults`).

/// Frames that are looked at: the trap, whoever stands in front of it, and the library's function.
const FRAMES: usize = 3;

/// Beginnings of the names that functions of a system have in the libraries of interpreters, and what each asks for.
const SYSTEM: [(&str, &str); 24] = [
    ("clock_time_get", "the time"),
    ("monotonic_clock_", "the time"),
    ("wall_clock_", "the time"),
    ("subscribe-duration", "to wait"),
    ("subscribe-instant", "to wait"),
    ("poll_oneoff", "to wait"),
    ("poll_poll", "to wait"),
    ("get-random-", "chance"),
    ("random_get", "chance"),
    ("insecure_", "chance"),
    ("fd_", "files"),
    ("path_", "files"),
    ("filesystem_", "files"),
    ("streams_", "files"),
    ("stdin_", "files"),
    ("stdout_", "files"),
    ("stderr_", "files"),
    ("[constructor]fields", "the network"),
    ("[constructor]outgoing-", "the network"),
    ("sock_", "the network"),
    ("tcp_", "the network"),
    ("udp_", "the network"),
    ("exit_exit", "its end"),
    ("proc_exit", "its end"),
];

/// It in words, if the innermost frames of a trap (`module!function`) are a system's.
pub(crate) fn of(backtrace: &[String]) -> Option<String> {
    let functions = backtrace.iter().take(FRAMES).filter_map(|frame| frame.split_once('!'));
    functions.into_iter().find_map(|(_, function)| {
        let (_, what) = SYSTEM.iter().find(|(begins, _)| function.starts_with(begins))?;
        Some(format!(
            "it asked its system for {what} ({function}), and a plugin has none: clock, chance and requests are grants"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_s_functions_are_told_from_a_plugin_s_own() {
        let check = |frames: &[&str], expected: Option<&str>| {
            let frames: Vec<String> = frames.iter().map(|frame| (*frame).to_owned()).collect();
            let told = of(&frames);
            assert_eq!(told.is_some(), expected.is_some(), "{told:?}");
            assert!(told.unwrap_or_default().contains(expected.unwrap_or_default()));
        };
        check(
            &["<unknown>!path_filestat_get", "<unknown>!<wasm function 5068>"],
            Some("files (path_filestat_get)"),
        );
        check(
            &["<unknown>!<wasm function 3>", "<unknown>!<wasm function 12>", "libc.so!monotonic_clock_now"],
            Some("the time (monotonic_clock_now)"),
        );
        check(&["<unknown>!subscribe-instant"], Some("to wait"));
        check(&["<unknown>![constructor]fields"], Some("the network"));
        check(&["guest_lead!core::panicking::panic", "guest_lead!my::path_of"], None);
        check(&["a!b", "a!c", "a!d", "libc.so!monotonic_clock_now"], None);
        check(&[], None);
    }
}
