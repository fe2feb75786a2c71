//! The command itself: finds out what is listened to and from where, then forwards one event after the other until it is
//! stopped. Not here: any of the parts.

use std::time::Duration;

use anyhow::Context as _;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::cli::Exit;
use crate::cli::client::ApiClient;
use crate::cli::client::ClientError;
use crate::cli::client::segment;
use crate::cli::listen::args::ListenArgs;
use crate::cli::listen::backlog;
use crate::cli::listen::backlog::ListenFilter;
use crate::cli::listen::connection;
use crate::cli::listen::connection::ListenConnection;
use crate::cli::listen::local::ListenParcel;
use crate::cli::listen::local::LocalService;
use crate::cli::listen::position::ListenPosition;
use crate::cli::listen::received;
use crate::cli::listen::received::ReceivedEvent;
use crate::cli::listen::show::ListenLine;
use crate::cli::listen::show::ListenTally;
use crate::cli::listen::signature::ListenSignature;
use crate::cli::listen::watch;
use crate::cli::listen::watch::Backoff;
use crate::cli::listen::watch::Wake;
use crate::cli::text::print;
use crate::cli::text::talk;
use crate::domain::id::EventId;
use crate::domain::time::Clock;

/// The list is asked at least so often: the stream tells what one process takes in, and there may be others.
const POLL: Duration = Duration::from_secs(30);

/// What is listened to.
#[derive(Debug)]
enum Listened {
    /// A source's events as they came in.
    Source { id: String, name: String },
    /// What a connection would send.
    Connection(Box<ListenConnection>),
}

struct Session<'a> {
    args: &'a ListenArgs,
    client: ApiClient,
    listened: Listened,
    filter: ListenFilter,
    local: LocalService,
    signature: ListenSignature,
    position: ListenPosition,
    tally: ListenTally,
    wake: &'a Wake,
    stop: &'a CancellationToken,
}

/// Whether to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    GoOn,
    Stop,
}

/// Listens until it is stopped.
pub(crate) fn run(args: &ListenArgs) -> Exit {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(listen(args)),
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(()) => Exit::Ok,
        Err(error) => {
            talk!("hookmill: {error:#}");
            Exit::Failed
        }
    }
}

async fn listen(args: &ListenArgs) -> anyhow::Result<()> {
    // Installed before anybody is told that this runs, so that no signal is missed.
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let (wake, stop) = (Wake::default(), CancellationToken::new());
    let mut session = Session::begin(args, &wake, &stop).await?;
    session.introduce();
    let (client, sources) = (session.client.clone(), session.filter.sources.clone());
    let interrupted = async {
        for _ in 0..2 {
            tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
            // The event that is on the wire is answered for; a second signal does not wait for it.
            stop.cancel();
        }
    };
    let outcome = tokio::select! {
        ended = session.forward() => ended,
        Err(refused) = watch::watch(&client, &sources, &wake) => Err(refused),
        () = interrupted => Ok(()),
    };
    talk!("{}", session.tally.summary());
    outcome
}

impl Listened {
    async fn find(client: &ApiClient, args: &ListenArgs) -> anyhow::Result<(Self, ListenFilter)> {
        let mut event_types = Vec::new();
        if !args.event_types.is_empty() {
            event_types.push(args.event_types.clone());
        }
        if let Some(name) = &args.connection {
            let connection = connection::find(client, name).await?;
            event_types.push(connection.found.event_types.clone());
            let sources = connection.found.sources.clone();
            return Ok((Self::Connection(Box::new(connection)), ListenFilter { sources, event_types }));
        }
        let name = args.source.as_deref().unwrap_or_default();
        let source = client.get(&format!("v1/sources/{}", segment(name))).await?;
        let id = source["id"].as_str().context("the gateway's answer has no id of the source")?.to_owned();
        let name = source["name"].as_str().unwrap_or(name).to_owned();
        let filter = ListenFilter { sources: vec![id.clone()], event_types };
        Ok((Self::Source { id, name }, filter))
    }

    fn id(&self) -> &str {
        match self {
            Self::Source { id, .. } => id,
            Self::Connection(connection) => &connection.found.id,
        }
    }
}

/// After which event to begin: a file of an earlier run knows best, then `--since`; else what comes from now on.
async fn begin_after(
    client: &ApiClient,
    args: &ListenArgs,
    listened: &Listened,
) -> anyhow::Result<ListenPosition> {
    let kept = args.resume.as_deref().map(|file| ListenPosition::read(file, listened.id())).transpose()?;
    let after = match (kept.flatten(), args.since(Clock::System.now())?) {
        (Some(kept), since) => {
            if since.is_some() {
                talk!("hookmill: --since is not looked at: --resume says where this goes on");
            }
            if kept != EventId::from_bits(0) && !backlog::is_stored(client, kept).await? {
                talk!(
                    "hookmill: {kept}, after which this goes on, is not stored any more; what came in after it may have expired, too"
                );
            }
            kept
        }
        (None, Some(since)) => since,
        (None, None) => backlog::newest(client).await?,
    };
    ListenPosition::begin(args.resume.as_deref(), listened.id(), after)
}

impl<'a> Session<'a> {
    async fn begin(
        args: &'a ListenArgs,
        wake: &'a Wake,
        stop: &'a CancellationToken,
    ) -> anyhow::Result<Session<'a>> {
        let client = ApiClient::new(&args.url, Some(&args.key))?;
        let secret = args.secret()?;
        let local = LocalService::new(args.forward.clone(), args.timeout)?;
        let (listened, filter) = Listened::find(&client, args).await?;
        let profile = match (&args.signing, &listened) {
            (Some(given), _) => given.clone(),
            (None, Listened::Connection(connection)) => connection.profile.clone(),
            (None, Listened::Source { .. }) => Default::default(),
        };
        let signature = ListenSignature::new(&profile, secret)?;
        let position = begin_after(&client, args, &listened).await?;
        let tally = ListenTally::default();
        Ok(Session { args, client, listened, filter, local, signature, position, tally, wake, stop })
    }

    fn introduce(&self) {
        let what = match &self.listened {
            Listened::Source { id, name } => format!("source `{name}` ({id})"),
            Listened::Connection(connection) => {
                format!("connection `{}` ({})", connection.found.name, connection.found.id)
            }
        };
        talk!("listening to {what}, forwarding to {}", self.args.forward);
        talk!("{}", self.signature.words);
        talk!("ready (stop with Ctrl-C)");
    }

    /// Forwards what there is, then waits for more, until it is stopped or has done as many as it was told to.
    async fn forward(&mut self) -> anyhow::Result<()> {
        let mut backoff = Backoff::default();
        let mut told = false;
        loop {
            let pause = match self.catch_up().await {
                Ok(Then::Stop) => return Ok(()),
                Ok(Then::GoOn) => {
                    (backoff, told) = (Backoff::default(), false);
                    POLL
                }
                Err(error) if is_passing(&error) => {
                    // Where the stream is lost as well, the watch tells.
                    if self.wake.connected.get() && !std::mem::replace(&mut told, true) {
                        talk!("hookmill: cannot read events ({error:#}); trying until it works");
                    }
                    backoff.next()
                }
                Err(error) => return Err(error),
            };
            tokio::select! {
                () = self.wake.notify.notified() => {}
                () = sleep(pause) => {}
                () = self.stop.cancelled() => return Ok(()),
            }
        }
    }

    /// Forwards everything that has come in.
    async fn catch_up(&mut self) -> anyhow::Result<Then> {
        loop {
            let backlog = backlog::after(&self.client, &self.filter, self.position.after()).await?;
            if backlog.up_to == self.position.after() {
                return Ok(Then::GoOn);
            }
            for id in backlog.events {
                if self.stop.is_cancelled() || self.one(id).await? == Then::Stop {
                    return Ok(Then::Stop);
                }
                self.position.advance(id)?;
                if self.args.count.is_some_and(|count| self.tally.forwarded() >= count) {
                    return Ok(Then::Stop);
                }
            }
            self.position.advance(backlog.up_to)?;
        }
    }

    /// Forwards one event; `Stop` if it has to be forwarded again.
    async fn one(&mut self, id: EventId) -> anyhow::Result<Then> {
        let Some(event) = received::read(&self.client, id).await? else {
            talk!("hookmill: {id} expired before it was forwarded");
            return Ok(Then::GoOn);
        };
        let parcels = match &self.listened {
            Listened::Connection(connection) => {
                connection.would_send(&self.client, id, &event.r#type).await?
            }
            Listened::Source { .. } => match received::body(&self.client, id).await? {
                Some(body) => Ok(vec![event.parcel(id, body, self.args.with_path)]),
                None => Err("it has expired".to_owned()),
            },
        };
        match parcels {
            Ok(parcels) => {
                for parcel in parcels {
                    if self.send(id, &event, &parcel).await == Then::Stop {
                        return Ok(Then::Stop);
                    }
                }
            }
            Err(why) => self.leave_out(id, &event, &why),
        }
        Ok(Then::GoOn)
    }

    /// Sends one and tells what was answered; `Stop` if it was stopped while nobody answered.
    async fn send(&mut self, id: EventId, event: &ReceivedEvent, parcel: &ListenParcel) -> Then {
        let url = match self.local.url_of(parcel) {
            Ok(url) => url,
            Err(why) => {
                self.leave_out(id, event, &why);
                return Then::GoOn;
            }
        };
        let mut backoff = Backoff::default();
        for attempt in 1.. {
            let now = Clock::System.now();
            let signature = self.signature.headers(&parcel.id, now, &parcel.event_type, &parcel.body);
            let outcome = self.local.send(url.clone(), parcel, &signature).await;
            let again = outcome.answer.is_err() && self.args.until_answered;
            // Of many attempts the first is shown, and the one that was answered.
            if attempt == 1 || !again {
                print(&self.line(id, event).forwarded(parcel, &outcome));
            }
            if !again {
                self.tally.add(&outcome);
                break;
            }
            tokio::select! {
                () = sleep(backoff.next()) => {}
                () = self.stop.cancelled() => return Then::Stop,
            }
        }
        Then::GoOn
    }

    fn leave_out(&mut self, id: EventId, event: &ReceivedEvent, why: &str) {
        print(&self.line(id, event).not_forwarded(why));
        self.tally.left_out += 1;
    }

    fn line<'e>(&self, id: EventId, event: &'e ReceivedEvent) -> ListenLine<'e> {
        ListenLine { at: Clock::System.now(), id, event, json: self.args.json }
    }
}

/// Whether it may go away by itself.
fn is_passing(error: &anyhow::Error) -> bool {
    error.downcast_ref::<ClientError>().is_some_and(ClientError::is_passing)
}
