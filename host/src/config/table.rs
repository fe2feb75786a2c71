//! The table of all settings: section, key, type, default, bounds, meaning. The structs, the
//! reader and the printed file are made from it. Not here: how a type is read (`value`).

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use url::Url;

use crate::config::reader::SettingReader;
use crate::config::value::ByteSize;
use crate::config::value::LogStyle;
use crate::config::value::RetryName;
use crate::config::value::SettingValue;
use crate::domain::secret::Secret;

/// One row, without its type.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting {
    /// As the file spells it, sections with a dot.
    pub(super) key: &'static str,
    /// The meaning, a line each.
    pub(super) doc: &'static [&'static str],
}

macro_rules! key {
    ($section:ident, $field:ident) => {
        concat!(stringify!($section), ".", stringify!($field))
    };
    ($section:ident, $field:ident, $key:literal) => {
        $key
    };
}

/// Makes, from rows `field: Type = "default"`, the structs, [`TABLE`] and the two walks over them.
/// `as "key"` gives a key without section; `in "a"..="b"` bounds it.
macro_rules! settings {
    ($(
        $(#[doc = $section_doc:literal])+
        $section:ident: $Section:ident {
            $( $(#[doc = $doc:literal])+
               $field:ident $(as $key:literal)?: $Type:ty = $default:literal $(in $low:literal..=$high:literal)?, )+
        }
    )+) => {
        $( $(#[doc = $section_doc])+
        #[derive(Clone, Debug)]
        pub struct $Section {
            $( $(#[doc = $doc])+ pub $field: $Type, )+
        } )+

        /// All settings, by section. Every bound of the table holds.
        #[derive(Clone, Debug)]
        pub struct Config {
            $( $(#[doc = $section_doc])+ pub $section: $Section, )+
        }

        /// Every row in the order of the printed file.
        pub(super) const TABLE: &[Setting] = &[
            $( $( Setting { key: key!($section, $field $(, $key)?), doc: &[$($doc),+] }, )+ )+
        ];

        impl Config {
            /// Takes every setting from `reader`, which notes what is wrong.
            pub(super) fn read(reader: &mut SettingReader<'_>) -> Self {
                Self { $( $section: $Section {
                    $( $field: {
                        let bounds: &[(&str, &str)] = &[$(($low, $high))?];
                        reader.take::<$Type>(key!($section, $field $(, $key)?), $default, bounds)
                    }, )+
                }, )+ }
            }

            /// Each row's key and its value as a TOML literal (`None`: not set), in the table's order.
            pub(super) fn shown(&self) -> Vec<(&'static str, Option<String>)> {
                vec![ $( $( (key!($section, $field $(, $key)?), self.$section.$field.show()), )+ )+ ]
            }
        }
    };
}

settings! {
    /// The door: where requests come in and what each may cost.
    server: Server {
        /// Address and port to listen on; port 0 takes a free one.
        listen as "listen": SocketAddr = "127.0.0.1:8080",
        /// How the outside reaches this server. Sources' URLs are shown with it, and signatures
        /// over the URL are checked with it. Not set: the address it listens on.
        public_url as "public_url": Option<Url> = "",
        /// The admin key of the first workspace. Not set: one is made at the first start and shown once.
        admin_key as "admin_key": Option<Secret> = "",
        /// How long a client may take to send a request's headers.
        header_timeout: Duration = "10s" in "10ms"..="10m",
        /// How long a client may take to send a request's body.
        body_timeout: Duration = "30s" in "10ms"..="1h",
        /// Connections served at a time; further ones wait.
        connections_max: u32 = "4096" in "1"..="1000000",
        /// Bytes of a request's body; more is answered with 413.
        body_bytes_max: ByteSize = "1MiB" in "1KiB"..="256MiB",
        /// Bytes of a request's headers; more is answered with 431.
        headers_bytes_max: ByteSize = "64KiB" in "8KiB"..="1MiB",
        /// Nesting of JSON documents: events that say they are JSON, what steps make of them, bodies of the API.
        json_depth_max: u32 = "128" in "8"..="128",
        /// How long a shutdown waits for what is being done.
        grace: Duration = "20s" in "0s"..="1h",
    }
    /// What is kept on disk, how much and how long.
    store: Store {
        /// Directory of everything that is kept. Made if it is not there.
        data as "data": PathBuf = "./data",
        /// The file with the key that secrets for plugins are encrypted with: 64 hexadecimal digits. Made if
        /// it is not there. Not set: secret.key in the data directory. Back it up apart from the data.
        secret_key_file: Option<PathBuf> = "",
        /// New events are refused with 507 while the disk has less space than this.
        /// Not set: 256MiB or a tenth of the file system, whichever is smaller.
        free_bytes_min: Option<ByteSize> = "",
        /// Memory for events on their way; what is beyond waits on disk.
        hot_bytes_max: ByteSize = "32MiB" in "1MiB"..="64GiB",
        /// How long events and their bodies can be looked at and replayed.
        retention_events: Duration = "7d" in "1m"..="520w",
        /// How long deliveries and attempts can be looked at.
        retention_log: Duration = "30d" in "1m"..="520w",
        /// How long a second copy of an event is recognised as one.
        idempotency_window: Duration = "24h" in "1s"..="52w",
    }
    /// What outgoing requests may reach. Private and special addresses are refused unless listed.
    egress: Egress {
        /// Networks that are reachable although they are private or special.
        allow: Vec<IpNet> = "",
        /// Host names whose addresses are not checked.
        allow_hosts: Vec<String> = "",
        /// Whether destinations may have http URLs.
        allow_http: bool = "false",
        /// The User-Agent of outgoing requests.
        user_agent: String = "hookmill/0.1",
        /// A PEM file of certificate authorities to trust besides the system's.
        extra_ca: Option<PathBuf> = "",
        /// How long connecting may take, the TLS handshake included.
        connect_timeout: Duration = "5s" in "10ms"..="2m",
    }
    /// Deliveries, where a destination does not say otherwise.
    delivery: Delivery {
        /// Requests to one destination at a time, where it does not say itself; at most half of its workspace's share.
        concurrency: u32 = "8" in "1"..="1000",
        /// Requests to all destinations at a time. A workspace's share is half of them.
        in_flight_max: u32 = "1024" in "1"..="100000",
        /// How long an attempt may take until it counts as failed.
        timeout: Duration = "15s" in "10ms"..="10m",
        /// When failed attempts are repeated: the name of a preset.
        retry: RetryName = "standard",
        /// Bytes of an answer's body that are kept with the attempt.
        response_bytes_max: ByteSize = "16KiB" in "0B"..="1MiB",
    }
    /// Limits of plugin code.
    plugins: Plugins {
        /// Threads that run plugins. 0: half of the processors.
        workers: u32 = "0" in "0"..="256",
        /// CPU time of one call.
        cpu: Duration = "50ms" in "1ms"..="60s",
        /// Wall time of one call.
        wall: Duration = "2s" in "10ms"..="5m",
        /// Memory of one call.
        memory: ByteSize = "64MiB" in "1MiB"..="64MiB",
        /// Calls of one plugin at a time.
        in_flight_max: u32 = "64" in "1"..="1000",
        /// Bytes of all outputs of a call.
        output_bytes_max: ByteSize = "4MiB" in "1KiB"..="64MiB",
        /// Payloads one event may become.
        outputs_max: u32 = "1000" in "1"..="100000",
        /// Log lines kept of a call.
        log_lines_max: u32 = "100" in "0"..="10000",
        /// Bytes kept of a log line.
        log_line_bytes_max: ByteSize = "1KiB" in "16B"..="64KiB",
        /// Bytes of an uploaded plugin.
        module_bytes_max: ByteSize = "16MiB" in "1KiB"..="256MiB",
        /// Folder of compiled plugins that all gateways and commands of this user share, so that each is compiled once.
        /// Made if it is not there; nobody else may have access to it. Not set: each compiles for itself.
        code_cache: Option<PathBuf> = "",
        /// Faults in a row after which a version is not run any more and its events are held. 0: never.
        quarantine_after: u32 = "20" in "0"..="1000000",
    }
    /// The same for plugins that bring an interpreter along (JavaScript, Python), where they differ.
    interpreted_plugins: InterpretedPlugins {
        /// Threads that run them; started with the first of them. 0: half of the processors.
        workers: u32 = "0" in "0"..="256",
        /// CPU time of one call.
        cpu: Duration = "250ms" in "1ms"..="60s",
        /// Wall time of one call.
        wall: Duration = "5s" in "10ms"..="5m",
        /// Memory of one call.
        memory: ByteSize = "256MiB" in "16MiB"..="256MiB",
        /// Calls of one plugin at a time.
        in_flight_max: u32 = "16" in "1"..="32",
        /// Whether instances of plugins that are granted nothing are put back after an event and used again, which costs
        /// an event less than half. Otherwise each event has an instance of its own made, as where something is granted.
        direct: bool = "true",
        /// Bytes of an uploaded plugin; the interpreter is among them.
        module_bytes_max: ByteSize = "32MiB" in "1KiB"..="64MiB",
    }
    /// How many of what a workspace may have.
    limits: Limits {
        /// Connections of a workspace.
        connections_max: u32 = "1000" in "1"..="100000",
        /// Tables of a workspace.
        tables_max: u32 = "100" in "0"..="10000",
        /// Rows of a table.
        table_rows_max: u32 = "1000000" in "1"..="100000000",
        /// Bytes of a table's rows as JSON.
        table_bytes_max: ByteSize = "2GiB" in "1KiB"..="1TiB",
        /// Steps of a connection.
        steps_max: u32 = "32" in "1"..="1000",
        /// Deliveries one event may become, over all connections.
        deliveries_per_event_max: u32 = "1000" in "1"..="65535",
        /// Events in one request to publish.
        events_per_request_max: u32 = "1000" in "1"..="10000",
    }
    /// When there are alerts, and when they are over.
    alerts: Alerts {
        /// How long it must go well, with no failure, until an alert has recovered.
        recovered_after: Duration = "1m" in "1s"..="1d",
        /// How long deliveries may wait that were never tried, or are held, until there is an alert.
        backlog_after: Duration = "1h" in "1s"..="52w",
    }
    /// What is said on stderr.
    log: Log {
        /// text or json.
        format: LogStyle = "text",
        /// What is logged, such as info or info,hookmill::flow=debug.
        filter: String = "info",
    }
}
