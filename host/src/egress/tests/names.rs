//! Names, by a real name server on this machine that counts what it is asked.

use std::collections::HashMap;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::proto::op::Message;
use hickory_resolver::proto::op::OpCode;
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::Name;
use hickory_resolver::proto::rr::RData;
use hickory_resolver::proto::rr::Record;
use hickory_resolver::proto::rr::RecordType;
use hickory_resolver::proto::rr::rdata::SOA;
use parking_lot::Mutex;
use tokio::net::UdpSocket;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::domain::delivery::ErrorCode;
use crate::egress::Egress;
use crate::egress::EgressOptions;
use crate::egress::Resolver;
use crate::egress::names::resolver::Names;
use crate::egress::tests::LONG;
use crate::egress::tests::failed;
use crate::egress::tests::options;
use crate::egress::tests::peer::Peer;
use crate::egress::tests::request;
use crate::egress::tests::status;

/// What a name server knows of a name.
#[derive(Clone)]
enum Known {
    /// These addresses, for so many seconds.
    Addresses(Vec<IpAddr>, u32),
    /// It is there and has no address.
    Nothing,
    /// It does not say.
    Silence,
    /// It is broken.
    Fault,
}

/// A name server; it ends when it goes out of scope. What it does not know is not there.
struct NameServer {
    address: SocketAddr,
    asked: Arc<Mutex<HashMap<String, usize>>>,
    _tasks: JoinSet<()>,
}

impl NameServer {
    async fn start(known: &[(&str, Known)]) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let known: HashMap<String, Known> =
            known.iter().map(|(name, known)| (format!("{name}."), known.clone())).collect();
        let asked: Arc<Mutex<HashMap<String, usize>>> = Arc::default();
        let (mut tasks, counts) = (JoinSet::new(), asked.clone());
        tasks.spawn(async move {
            let mut bytes = [0; 4096];
            loop {
                let (length, from) = socket.recv_from(&mut bytes).await.unwrap();
                let question = Message::from_vec(&bytes[..length]).unwrap();
                let name = question.queries[0].name().to_ascii().to_lowercase();
                *counts.lock().entry(name.trim_end_matches('.').to_owned()).or_default() += 1;
                if let Some(answer) = answer(&question, known.get(&name)) {
                    socket.send_to(&answer.to_vec().unwrap(), from).await.unwrap();
                }
            }
        });
        Self { address, asked, _tasks: tasks }
    }

    /// How often it was asked for a name, both families counted.
    fn asked(&self, name: &str) -> usize {
        self.asked.lock().get(name).copied().unwrap_or(0)
    }
}

fn answer(question: &Message, known: Option<&Known>) -> Option<Message> {
    let query = question.queries[0].clone();
    let mut answer = Message::response(question.metadata.id, OpCode::Query);
    answer.metadata.recursion_available = true;
    answer.add_query(query.clone());
    match known {
        Some(Known::Silence) => return None,
        Some(Known::Fault) => answer.metadata.response_code = ResponseCode::ServFail,
        Some(Known::Addresses(addresses, seconds)) => {
            let of_kind = |ip: &&IpAddr| ip.is_ipv6() == (query.query_type() == RecordType::AAAA);
            let record = |ip: &IpAddr| Record::from_rdata(query.name().clone(), *seconds, RData::from(*ip));
            answer.add_answers(addresses.iter().filter(of_kind).map(record).collect::<Vec<_>>());
        }
        Some(Known::Nothing) => {}
        None => answer.metadata.response_code = ResponseCode::NXDomain,
    }
    if answer.answers.is_empty() {
        let zone = Name::from_ascii("example.").unwrap();
        let soa = SOA::new(zone.clone(), zone.clone(), 1, 60, 60, 60, 3600);
        answer.add_authority(Record::from_rdata(zone, 3600, RData::SOA(soa)));
    }
    Some(answer)
}

fn ips(texts: &[&str]) -> Vec<IpAddr> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn addresses(texts: &[&str], seconds: u32) -> Known {
    Known::Addresses(ips(texts), seconds)
}

fn no_hosts() -> PathBuf {
    PathBuf::from("/no/such/hosts")
}

fn resolver(hosts: PathBuf, servers: &[&NameServer]) -> Arc<Resolver> {
    let servers = servers.iter().map(|server| server.address).collect();
    Arc::new(Resolver::Servers { hosts, servers })
}

fn names(servers: &[&NameServer]) -> Names {
    Names::new(&resolver(no_hosts(), servers), LONG)
}

#[tokio::test]
async fn both_families_are_found() {
    let server = NameServer::start(&[
        ("both.example", addresses(&["192.0.2.1", "2001:db8::1"], 60)),
        ("six.example", addresses(&["2001:db8::6"], 60)),
    ])
    .await;
    let names = names(&[&server]);
    let mut both = names.addresses("both.example").await.unwrap();
    both.sort();
    assert_eq!(both, ips(&["192.0.2.1", "2001:db8::1"]));
    assert_eq!(names.addresses("six.example").await.unwrap(), ips(&["2001:db8::6"]));
}

#[tokio::test]
async fn an_answer_counts_as_long_as_it_says() {
    let server = NameServer::start(&[
        ("second.example", addresses(&["192.0.2.1"], 1)),
        ("never.example", addresses(&["192.0.2.2"], 0)),
        ("hour.example", addresses(&["192.0.2.3"], 3600)),
    ])
    .await;
    let names = names(&[&server]);
    for _ in 0..3 {
        for name in ["second.example", "never.example", "hour.example"] {
            names.addresses(name).await.unwrap();
        }
    }
    // Two questions each time; that there is no address of the other family has a time of its own.
    assert_eq!(server.asked("hour.example"), 2);
    assert_eq!(server.asked("second.example"), 2);
    assert_eq!(server.asked("never.example"), 1 + 3);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    for name in ["second.example", "hour.example"] {
        names.addresses(name).await.unwrap();
    }
    assert_eq!(server.asked("second.example"), 3);
    assert_eq!(server.asked("hour.example"), 2);
}

#[tokio::test]
async fn questions_for_one_name_are_one() {
    let server = NameServer::start(&[("busy.example", addresses(&["192.0.2.1"], 0))]).await;
    let names = Arc::new(names(&[&server]));
    let asking: JoinSet<_> = (0..50)
        .map(|_| {
            let names = names.clone();
            async move { names.addresses("busy.example").await }
        })
        .collect();
    let found = asking.join_all().await;
    assert!(found.into_iter().all(|found| found == Ok(ips(&["192.0.2.1"]))));
    assert!(server.asked("busy.example") < 50, "{} questions", server.asked("busy.example"));
}

#[tokio::test]
async fn what_is_not_there_is_said_and_counts_for_a_while() {
    let server = NameServer::start(&[("empty.example", Known::Nothing)]).await;
    let names = names(&[&server]);
    for (name, said) in [("nowhere.example", "no such name"), ("empty.example", "has no address")] {
        for _ in 0..2 {
            let detail = names.addresses(name).await.unwrap_err();
            assert!(detail.contains(said) && detail.contains("127.0.0.1:"), "{detail}");
        }
        assert_eq!(server.asked(name), 2, "{name}");
    }
}

#[tokio::test]
async fn the_hosts_file_wins_and_counts_as_it_is_now() {
    let server = NameServer::start(&[("db.example", addresses(&["192.0.2.1", "2001:db8::1"], 60))]).await;
    let directory = tempfile::tempdir().unwrap();
    let hosts = directory.path().join("hosts");
    std::fs::write(&hosts, "10.1.2.3 DB.example other # mine\n").unwrap();
    let names = Names::new(&resolver(hosts.clone(), &[&server]), LONG);
    for name in ["db.example", "DB.EXAMPLE.", "other"] {
        assert_eq!(names.addresses(name).await.unwrap(), ips(&["10.1.2.3"]), "{name}");
    }
    assert_eq!(server.asked("db.example"), 0);
    std::fs::write(&hosts, "10.1.2.3 other\n").unwrap();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(names.addresses("db.example").await.unwrap().len(), 2);
}

#[tokio::test]
async fn localhost_and_addresses_are_nobody_elses_business() {
    let server = NameServer::start(&[("localhost", addresses(&["192.0.2.1"], 60))]).await;
    let names = names(&[&server]);
    for name in ["localhost", "LOCALHOST.", "app.localhost"] {
        let mut found = names.addresses(name).await.unwrap();
        found.sort();
        assert_eq!(found, ips(&["127.0.0.1", "::1"]), "{name}");
    }
    let peer = Peer::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let resolver = resolver(no_hosts(), &[&server]);
    let egress = Egress::new(EgressOptions { resolver, ..options() }).unwrap();
    for host in ["127.0.0.1", "localhost"] {
        let url = format!("http://{host}:{}/", peer.address.port());
        let target = egress.target(&egress.check_url(&url).unwrap());
        assert_eq!(status(&egress.send(&target, request(""), LONG).await), 200, "{host}");
    }
    assert!(server.asked.lock().is_empty(), "{:?}", server.asked.lock());
}

#[tokio::test]
async fn the_next_server_is_asked_where_one_does_not_say() {
    let known = [("there.example", addresses(&["192.0.2.1"], 60))];
    let first = NameServer::start(&[("there.example", Known::Fault), ("slow.example", Known::Silence)]).await;
    let second =
        NameServer::start(&[&known[..], &[("slow.example", addresses(&["192.0.2.2"], 60))]].concat()).await;
    let names = Names::new(&resolver(no_hosts(), &[&first, &second]), Duration::from_secs(1));
    assert_eq!(names.addresses("there.example").await.unwrap(), ips(&["192.0.2.1"]));
    assert_eq!(names.addresses("slow.example").await.unwrap(), ips(&["192.0.2.2"]));
    // What the first says is not there, is not: whoever set the order meant it.
    assert!(names.addresses("gone.example").await.unwrap_err().contains("no such name"));
    assert_eq!(second.asked("gone.example"), 0);
}

#[tokio::test]
async fn a_silent_server_is_a_failure_in_time_and_named() {
    let server = NameServer::start(&[("slow.example", Known::Silence)]).await;
    let resolver = resolver(no_hosts(), &[&server]);
    let connect_timeout = Duration::from_millis(500);
    let egress = Egress::new(EgressOptions { resolver, connect_timeout, ..options() }).unwrap();
    let target = egress.target(&egress.check_url("http://slow.example/").unwrap());
    let began = Instant::now();
    let sent = egress.send(&target, request(""), LONG).await;
    let said = format!("{} does not answer within 400ms", server.address);
    failed(&sent, ErrorCode::DnsFailed, &said);
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}

#[tokio::test]
async fn slow_names_keep_nobody_else_waiting() {
    let slow: Vec<String> = (0..300).map(|number| format!("slow{number}.example")).collect();
    let mut known: Vec<_> = slow.iter().map(|name| (name.as_str(), Known::Silence)).collect();
    known.push(("quick.example", addresses(&["192.0.2.1"], 0)));
    let server = NameServer::start(&known).await;
    let names = Arc::new(names(&[&server]));
    let mut waiting = JoinSet::new();
    for name in slow {
        let names = names.clone();
        waiting.spawn(async move { names.addresses(&name).await });
    }
    while server.asked("slow299.example") == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let began = Instant::now();
    names.addresses("quick.example").await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    assert!(waiting.try_join_next().is_none(), "they still wait");
}

#[tokio::test]
async fn what_a_server_says_is_held_to_the_rules() {
    let server = NameServer::start(&[("inside.example", addresses(&["1.1.1.1", "10.0.0.1"], 60))]).await;
    let resolver = resolver(no_hosts(), &[&server]);
    let egress = Egress::new(EgressOptions { resolver, ..options() }).unwrap();
    let target = egress.target(&egress.check_url("http://inside.example/").unwrap());
    for _ in 0..2 {
        let sent = egress.send(&target, request(""), LONG).await;
        failed(&sent, ErrorCode::EgressRefused, "inside.example will not be called");
    }
}
