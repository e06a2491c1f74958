//! Calls about one transfer: served here, or handed on to the server that runs it.
//!
//! Handlers of such calls have nothing but [`Here`], which [`Doors::reach`] alone makes: so none can forget
//! to ask. A call is handed on once at the most, with what its caller has shown and nothing else: the other
//! server judges it as if it had come to it first. It must never act for a caller with more than that.
//!
//! How this works: the journal says who works on a transfer and at which address. Where an answer has come
//! from once, the next call goes without asking the journal; a server that does not have the transfer
//! (any more) says so. A server that does not answer is taken for dead, which costs no more than time: the
//! journal sees to it that nothing is loaded twice.

use std::{
    error::Error as _,
    num::NonZeroUsize,
    pin::Pin,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use lru::LruCache;
use prost::Message;
use sluice_proto::v1 as pb;
use tokio_stream::{Stream, StreamExt as _};
use tonic::{Request, Response, Status, metadata::MetadataMap};
use tonic_types::StatusExt as _;
use uuid::Uuid;

use super::{
    access::Caller,
    convert,
    doors::{Doors, Entered, HANDED_ON},
    peers::{Peer, Peers},
    status,
};
use crate::{
    fleet::{Address, Fleet},
    tls,
    transfer::{Error, Transfers, Whereabouts},
};

/// Says that a call was handed on by another server of the fleet. Whoever sets it without being one has his call
/// served where it arrives, or refused.
pub(super) const MARK: &str = "sluice-forwarded";

/// The transfer of a call, for proxies that choose the server by it.
pub(super) const TRANSFER_ID: &str = "sluice-transfer-id";

/// What follows a call from one server to the next, beside credentials and connection.
const TRACES: [&str; 4] = [TRANSFER_ID, "traceparent", "tracestate", "x-request-id"];

/// The transfers whose server is remembered.
const KNOWN_PLACES: NonZeroUsize = NonZeroUsize::new(4_096).unwrap();

/// A call that failed sooner than this is tried again: its connection had broken before.
const BROKEN_BEFORE: Duration = Duration::from_secs(1);

/// The pauses between the looks for a transfer that nobody knows.
const ARRIVAL_PAUSES: [Duration; 2] = [Duration::from_millis(50), Duration::from_millis(150)];

/// The messages of an answer that goes on.
pub(super) type ResponseStream<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// What a call wants of the server that runs its transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// Any server will do where that one has gone, and takes the transfer over.
    Open,
    /// Only that one will do.
    Own,
    /// That one knows best, the journal knows too.
    Look,
}

/// A message about one transfer.
pub(super) trait OfTransfer: Message + Clone + Sync + 'static {
    /// What comes back.
    type Answer: Send;
    /// What the call wants of the server that runs its transfer.
    const NEED: Need;

    /// The id, as its sender has it; may be empty where the server chooses one.
    fn transfer_id(&self) -> &str;

    /// Makes the call at another server; none where there is no place for it, or the server has gone while it
    /// waited for one.
    fn call(
        request: Request<Self>,
        peer: &Peer,
    ) -> impl Future<Output = Option<Result<Self::Answer, Status>>> + Send;
}

/// A call about a transfer that is served here.
#[derive(Debug)]
pub(super) struct Here<M> {
    pub(super) caller: Caller,
    pub(super) transfers: Transfers,
    pub(super) message: M,
}

/// Where a call has come to.
#[derive(Debug)]
pub(super) enum Reached<M: OfTransfer> {
    /// It is to be served.
    Here(Here<M>),
    /// Another server has served it.
    Answered(Response<M::Answer>),
}

/// Hands calls on to other servers.
#[derive(Debug)]
pub(super) struct Forwarder {
    peers: Peers,
    places: Mutex<LruCache<Uuid, Address>>,
}

/// Why no answer came.
enum Missed {
    /// The server does not answer: it has died, or is as good as dead.
    Gone,
    /// Whoever answers does not have the transfer.
    NotThere,
    /// There is no place for more.
    Busy,
}

impl Doors {
    /// Finds out where a call is to be served, and has it served there if that is not here.
    ///
    /// # Errors
    ///
    /// Those of [`Doors::enter`]; what the other server says; and that there is no way to it.
    pub(super) async fn reach<M: OfTransfer>(
        &self,
        caller: Caller,
        request: Request<M>,
    ) -> Result<Reached<M>, Status> {
        let Entered {
            caller, transfers, ..
        } = self.enter(caller, &request).await?;
        check_id(request.metadata(), request.get_ref().transfer_id())?;
        let (metadata, _, message) = request.into_parts();
        // What is no id is refused by its handler.
        let id = convert::uuid("transfer_id", message.transfer_id()).ok();
        let answer = match id.filter(|id| !transfers.is_here(*id)) {
            Some(id) => {
                let call = Call {
                    doors: self,
                    transfers: &transfers,
                    id,
                    metadata: &metadata,
                    is_bound: metadata.contains_key(MARK) || !caller.can_be_handed_on(),
                };
                call.find_answer(&message).await?
            }
            None => None,
        };
        Ok(match answer {
            Some(answer) => Reached::Answered(Response::new(answer)),
            None => Reached::Here(Here {
                caller,
                transfers,
                message,
            }),
        })
    }
}

/// Fails where the metadata name another transfer than the message.
pub(super) fn check_id(metadata: &MetadataMap, id: &str) -> Result<(), Status> {
    let mut named = metadata.get_all(TRANSFER_ID).iter();
    let is_same = |text: &str| {
        text.parse::<Uuid>()
            .is_ok_and(|named| id.parse() == Ok(named))
    };
    if named.all(|named| named.to_str().is_ok_and(is_same)) {
        return Ok(());
    }
    Err(status::invalid_request(
        TRANSFER_ID,
        "it is another transfer than that of the message",
    ))
}

/// A call whose transfer is not worked on here, as far as this server remembers.
struct Call<'a> {
    doors: &'a Doors,
    transfers: &'a Transfers,
    id: Uuid,
    metadata: &'a MetadataMap,
    /// Whether it is to be served here or not at all: it was handed on, or its caller has shown a
    /// certificate, which this server cannot show in turn.
    is_bound: bool,
}

impl Call<'_> {
    /// The answer of the server that runs the transfer; none where this one is to serve the call.
    async fn find_answer<M: OfTransfer>(&self, message: &M) -> Result<Option<M::Answer>, Status> {
        let forwarder = self.doors.forwarder().filter(|_| !self.is_bound);
        if forwarder.is_none() && M::NEED != Need::Own && !self.is_forwarded() {
            return Ok(None);
        }
        if let Some(forwarder) = forwarder
            && let Some(address) = forwarder.place(self.id)
        {
            match self.hand_on(forwarder, &address, message).await? {
                Ok(answer) => return Ok(Some(answer)),
                // It may have moved on since.
                Err(_) => forwarder.forget(self.id),
            }
        }
        match (self.locate::<M>().await, forwarder) {
            (Whereabouts::Here, _) => Ok(None),
            (Whereabouts::There(address), Some(forwarder)) => {
                match self.hand_on(forwarder, &address, message).await? {
                    Ok(answer) => {
                        forwarder.remember(self.id, address);
                        Ok(Some(answer))
                    }
                    Err(Missed::Gone) if M::NEED == Need::Own => {
                        Err(status::status(&Error::ServerGone))
                    }
                    Err(Missed::Gone | Missed::Busy) => Ok(None),
                    Err(Missed::NotThere) => self.elsewhere(M::NEED),
                }
            }
            (Whereabouts::There(_) | Whereabouts::Elsewhere, _) => self.elsewhere(M::NEED),
        }
    }

    fn is_forwarded(&self) -> bool {
        self.metadata.contains_key(MARK)
    }

    /// What becomes of a call whose transfer another server works on, to which there is no way.
    fn elsewhere<T>(&self, need: Need) -> Result<Option<T>, Status> {
        match need {
            Need::Look => Ok(None),
            // Its client has come here to go on. The server that has handed a call on asks the journal again.
            Need::Open if !self.is_forwarded() => Ok(None),
            Need::Open | Need::Own => {
                let id = self.id.to_string();
                Err(status::status(&Error::Elsewhere { id }))
            }
        }
    }

    /// Asks the journal. Whoever looks at a transfer may ask for it before it has arrived anywhere.
    async fn locate<M: OfTransfer>(&self) -> Whereabouts {
        for pause in ARRIVAL_PAUSES {
            match self.transfers.locate(self.id).await {
                Ok(Some(place)) => return place,
                Ok(None) if M::NEED == Need::Look && !self.is_bound => {
                    tokio::time::sleep(pause).await;
                }
                Ok(None) => break,
                // Whoever serves the call meets the same, or need not.
                Err(error) => {
                    tracing::warn!(id = %self.id, error = error.logged(), "cannot locate a transfer");
                    break;
                }
            }
        }
        Whereabouts::Here
    }

    /// Makes the call at another server. The outer error is what that server says.
    async fn hand_on<M: OfTransfer>(
        &self,
        forwarder: &Forwarder,
        address: &Address,
        message: &M,
    ) -> Result<Result<M::Answer, Missed>, Status> {
        let Some(peer) = forwarder.peers.at(address) else {
            tracing::warn!(%address, "the address of a server is of another scheme than --advertise");
            return Ok(Err(Missed::NotThere));
        };
        let mut is_again = false;
        loop {
            if peer.is_away() {
                return Ok(Err(Missed::Gone));
            }
            let started = Instant::now();
            let request = self.request(message);
            let Some(outcome) = M::call(request, &peer).await else {
                let is_away = peer.is_away();
                return Ok(Err(if is_away { Missed::Gone } else { Missed::Busy }));
            };
            let failure = match outcome {
                Ok(answer) => {
                    peer.set_away(false);
                    return Ok(Ok(answer));
                }
                Err(failure) => failure,
            };
            if is_broken(&failure) {
                if !is_again && started.elapsed() < BROKEN_BEFORE {
                    is_again = true;
                    continue;
                }
                tracing::warn!(%address, %failure, "another server does not answer");
                peer.set_away(true);
                return Ok(Err(Missed::Gone));
            }
            let reason = failure.get_details_error_info().map(|info| info.reason);
            return match reason.as_deref() {
                Some("TRANSFER_ELSEWHERE") => Ok(Err(Missed::NotThere)),
                Some(_) => Err(plain(&failure)),
                None => {
                    let (code, message) = (failure.code(), failure.message());
                    tracing::warn!(%address, ?code, message, "no server of the fleet answers at its address");
                    Ok(Err(Missed::NotThere))
                }
            };
        }
    }

    /// The call as it is handed on.
    fn request<M: OfTransfer>(&self, message: &M) -> Request<M> {
        let mut request = Request::new(message.clone());
        let metadata = request.metadata_mut();
        for name in HANDED_ON.into_iter().chain(TRACES) {
            for value in self.metadata.get_all(name) {
                metadata.append(name, value.clone());
            }
        }
        metadata.insert(MARK, tonic::metadata::MetadataValue::from_static("1"));
        request
    }
}

impl Forwarder {
    /// Hands on to the other servers of a fleet.
    pub(super) fn new(fleet: &Fleet) -> Result<Self, tls::Error> {
        Ok(Self {
            peers: Peers::new(fleet)?,
            places: Mutex::new(LruCache::new(KNOWN_PLACES)),
        })
    }

    fn place(&self, id: Uuid) -> Option<Address> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.get(&id).cloned()
    }

    fn remember(&self, id: Uuid, address: Address) {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.put(id, address);
    }

    fn forget(&self, id: Uuid) {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.pop(&id);
    }
}

/// Whether a call failed on its way: what the other server says has no cause here.
fn is_broken(failure: &Status) -> bool {
    failure.source().is_some()
}

/// What the other server says, without the headers of its answer.
fn plain(status: &Status) -> Status {
    let details = status.details().to_vec().into();
    Status::with_details(status.code(), status.message(), details)
}

/// The messages of another server. A server that dies on the way is one that does not answer any more.
fn relay<T: Send + 'static>(
    messages: tonic::Streaming<T>,
    place: impl Send + 'static,
) -> ResponseStream<T> {
    Box::pin(messages.map(move |message| {
        let _ = &place;
        message.map_err(|failure| match is_broken(&failure) {
            true => status::status(&Error::ServerGone),
            false => plain(&failure),
        })
    }))
}

/// Small calls.
macro_rules! small {
    ($($message:ident, $answer:ident, $method:ident, $need:ident, $id:expr;)*) => {$(
        impl OfTransfer for pb::$message {
            type Answer = pb::$answer;
            const NEED: Need = Need::$need;

            fn transfer_id(&self) -> &str {
                let id: fn(&Self) -> &str = $id;
                id(self)
            }

            async fn call(
                request: Request<Self>,
                peer: &Peer,
            ) -> Option<Result<Self::Answer, Status>> {
                let (mut client, _place) = peer.small().await?;
                Some(client.$method(request).await.map(Response::into_inner))
            }
        }
    )*};
}

small! {
    BeginUploadRequest, BeginUploadResponse, begin_upload, Open,
        |begin| begin.spec.as_ref().map_or("", |spec| spec.transfer_id.as_str());
    FinishUploadRequest, FinishUploadResponse, finish_upload, Own, |finish| &finish.transfer_id;
    GetTransferRequest, GetTransferResponse, get_transfer, Look, |get| &get.transfer_id;
    CancelTransferRequest, CancelTransferResponse, cancel_transfer, Look,
        |cancel| &cancel.transfer_id;
}

/// Calls whose answer goes on.
macro_rules! streaming {
    ($($message:ident, $answer:ident, $method:ident;)*) => {$(
        impl OfTransfer for pb::$message {
            type Answer = ResponseStream<pb::$answer>;
            const NEED: Need = Need::Look;

            fn transfer_id(&self) -> &str {
                &self.transfer_id
            }

            async fn call(
                request: Request<Self>,
                peer: &Peer,
            ) -> Option<Result<Self::Answer, Status>> {
                let (mut client, place) = peer.stream()?;
                let answer = client.$method(request).await;
                Some(answer.map(|messages| relay(messages.into_inner(), place)))
            }
        }
    )*};
}

streaming! {
    WatchTransferRequest, WatchTransferResponse, watch_transfer;
    ListRejectedRowsRequest, ListRejectedRowsResponse, list_rejected_rows;
}

impl OfTransfer for pb::AppendUploadRequest {
    type Answer = pb::AppendUploadResponse;
    const NEED: Need = Need::Own;

    fn transfer_id(&self) -> &str {
        &self.transfer_id
    }

    async fn call(request: Request<Self>, peer: &Peer) -> Option<Result<Self::Answer, Status>> {
        let line = peer.line().await?;
        let answer = line.client().append_upload(request).await;
        line.give_back();
        Some(answer.map(Response::into_inner))
    }
}
