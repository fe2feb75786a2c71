//! The room as its users see it: sources in, settings or faults out.

use std::path::PathBuf;
use std::time::Duration;

use crate::config::Config;
use crate::config::LogStyle;
use crate::config::Override;
use crate::config::Sources;
use crate::config::print;

fn sources(file: &str, env: &[(&str, &str)], flags: &[(&'static str, &'static str, &str)]) -> Sources {
    Sources {
        file: (!file.is_empty()).then(|| (PathBuf::from("h.toml"), file.to_owned())),
        env: env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        overrides: flags
            .iter()
            .map(|(flag, key, value)| Override { flag, key, value: (*value).to_owned() })
            .collect(),
    }
}

fn faults(file: &str, env: &[(&str, &str)]) -> Vec<String> {
    match Config::load(&sources(file, env, &[])) {
        Ok(_) => Vec::new(),
        Err(faults) => faults.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn flags_win_over_environment_over_file() {
    let file = "listen = '1.1.1.1:1'\ndata = 'a'\n[server]\ngrace = '1s'\n[log]\nformat = 'json'\n";
    let env =
        [("HOOKMILL_LISTEN", "2.2.2.2:2"), ("HOOKMILL_DATA", "b"), ("PATH", "/bin"), ("HOOKMILL_URL", "x")];
    let config = Config::load(&sources(file, &env, &[("--listen", "listen", "localhost:3")])).unwrap();
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:3");
    assert_eq!(config.store.data, PathBuf::from("b"));
    assert_eq!(config.server.grace, Duration::from_secs(1));
    assert_eq!(config.log.format, LogStyle::Json);
    assert_eq!(config.server.body_bytes_max.0, 1 << 20);
}

#[test]
fn reads_what_tests_of_deliveries_set() {
    let env = [
        ("HOOKMILL_ADMIN_KEY", "hm_admin_0123"),
        ("HOOKMILL_EGRESS_ALLOW", "127.0.0.0/8, ::1"),
        ("HOOKMILL_EGRESS_ALLOW_HTTP", "true"),
    ];
    let config = Config::load(&sources("", &env, &[])).unwrap();
    assert_eq!(config.server.admin_key.unwrap().expose(), "hm_admin_0123");
    assert_eq!(
        config.egress.allow.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["127.0.0.0/8", "::1/128"]
    );
    assert!(config.egress.allow_http);
    assert!(!Config::default().egress.allow_http && Config::default().egress.allow.is_empty());
}

#[test]
fn every_fault_is_told_at_once_and_where() {
    let file = "lisen = '1.1.1.1:1'\n[server]\ngrace = 5\nbody_bytes_max = '1TiB'\n[egress]\nallow = ['10.0.0.0/8', 'home']\n";
    let env =
        [("HOOKMILL_EGRESS_ALOW", "x"), ("HOOKMILL_PLUGINS_CPU", "0s"), ("HOOKMILL_ADMIN_KEY", "s3cret")];
    assert_eq!(
        faults(file, &env),
        [
            "h.toml:1: there is no setting `lisen`; did you mean `listen`?",
            "HOOKMILL_EGRESS_ALOW: no setting has this name; did you mean `HOOKMILL_EGRESS_ALLOW`?",
            "HOOKMILL_ADMIN_KEY: admin_key: expected at least 8 visible ASCII characters without spaces; it is something else",
            "h.toml:4: server.body_bytes_max: expected a value from 1KiB to 256MiB; it is `1TiB`",
            "h.toml:3: server.grace: expected a duration such as \"15s\" in quotes; it is the number 5",
            "h.toml:6: egress.allow: expected a network such as 10.0.0.0/8 or a single address, not `home`; it is [\"10.0.0.0/8\", \"home\"]",
            "HOOKMILL_PLUGINS_CPU: plugins.cpu: expected a value from 1ms to 60s; it is `0s`",
        ]
    );
}

#[test]
fn a_broken_file_is_a_fault_with_its_line() {
    let told = faults("listen = \n", &[]);
    assert!(told.iter().any(|fault| fault.starts_with("h.toml:1: not TOML")), "{told:?}");
    assert_eq!(
        faults("[listen]\nx = 1\n", &[]),
        ["h.toml:1: listen: expected an address and port such as 127.0.0.1:8080 in quotes; it is a table"]
    );
    assert_eq!(
        faults("server = 1\n", &[]),
        ["h.toml:1: there is no setting `server`; `hookmill serve --print-config` lists them"]
    );
}

#[test]
fn the_printed_file_loads_as_the_same_and_its_defaults_are_in_bounds() {
    let env = [
        ("HOOKMILL_EGRESS_ALLOW", "10.0.0.0/8"),
        ("HOOKMILL_SERVER_GRACE", "90s"),
        ("HOOKMILL_PUBLIC_URL", "https://a.example"),
    ];
    let config = Config::load(&sources("", &env, &[])).unwrap();
    let printed = print(&config);
    let again =
        Config::load(&sources(&printed, &[], &[])).unwrap_or_else(|faults| panic!("{faults:?}\n{printed}"));
    assert_eq!(again.shown(), config.shown());
    assert_eq!(printed.lines().filter(|line| !line.is_empty() && !line.starts_with(['#', '['])).count(), 3);

    let uncommented: String = print(&Config::default())
        .lines()
        .map(|line| if line.contains(" = ") { line.trim_start_matches("# ") } else { line })
        .map(|line| format!("{line}\n"))
        .collect();
    assert_eq!(faults(&uncommented, &[]), Vec::<String>::new(), "{uncommented}");
}

#[test]
fn secrets_are_not_printed() {
    let config = Config::load(&sources("", &[("HOOKMILL_ADMIN_KEY", "hm_admin_0123")], &[])).unwrap();
    assert!(!print(&config).contains("0123"));
    assert!(!format!("{config:?}").contains("0123"));
}
