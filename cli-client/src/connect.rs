//! One connection to the server, shared by every call of a command.
//!
//! Made by the commands. It must never hide that the server is away: the first step is to connect.

use std::time::Duration;

use percent_encoding::percent_decode_str;
use sluice_proto::{
    Frames,
    v1::{
        CancelTransferRequest, GetTransferRequest, Transfer, UploadRequest, UploadResponse,
        catalog_service_client::CatalogServiceClient, ingest_service_client::IngestServiceClient,
    },
};
use tokio_stream::{Stream, StreamExt as _};
use tonic::{
    Request, Status,
    body::Body,
    service::interceptor::InterceptedService,
    transport::{Channel, Endpoint},
};
use tower::util::MapRequest;

use crate::{
    credentials::{Credentials, Headers},
    error::{Error, Result, deepest},
    place::Header,
    tcp, trust,
};

/// The most bytes of one message from the server; it sends at most 1 MiB of a file in one.
const MAX_MESSAGE_BYTES: usize = 16 << 20;
/// The most bytes of a message that holds a whole record of a file; the server has the limit.
const MAX_RECORD_MESSAGE_BYTES: usize = 1 << 30;
/// Bytes in flight of one stream: enough for 250 MB/s at 20 ms round trip.
const STREAM_WINDOW_BYTES: u32 = 16 << 20;
/// Bytes in flight of the connection.
const CONNECTION_WINDOW_BYTES: u32 = 32 << 20;
/// The largest frame that the server may send.
const MAX_FRAME_BYTES: u32 = 1 << 20;
/// How long to wait for the server to accept the connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A question to a silent server after this time, so that one that vanished is noticed.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(30);
/// How long the answer to that question may take.
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(20);
/// The metadata with the id of the transfer that a call is about.
const TRANSFER_ID: &str = "sluice-transfer-id";
/// How long the end of a command may wait for the server to cancel its transfer.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the answer to a question about a transfer may take, where a later one may do.
const ASK_TIMEOUT: Duration = Duration::from_secs(10);

/// What calls go through.
pub(crate) type Service = InterceptedService<Channel, Headers>;

/// Where the server is, and how to show it who calls.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    /// The URL.
    pub(crate) url: String,
    /// Token and certificates.
    pub(crate) credentials: Credentials,
    /// Which ClickHouse it is to work with.
    pub(crate) place: Vec<Header>,
}

impl Server {
    /// What it is told of the ClickHouse under this name.
    pub(crate) fn place(&self, name: &str) -> Option<String> {
        let (_, value) = self.place.iter().find(|(found, _)| found == name)?;
        let value = percent_decode_str(value.to_str().ok()?);
        Some(value.decode_utf8_lossy().into_owned())
    }
}

/// A connection to the server.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    channel: Channel,
    headers: Headers,
}

impl Connection {
    /// Connects to a server; the files of its credentials are read each time. Fails with
    /// [`Error::Usage`] for what is no URL and for credentials that cannot be used, and with
    /// [`Error::Connect`] when nobody answers, or [`Error::Untrusted`].
    pub(crate) async fn open(server: &Server) -> Result<Self> {
        let Server {
            url,
            credentials,
            place,
        } = server;
        let headers = credentials.headers(url, place.clone())?;
        let mut endpoint = Endpoint::from_shared(url.clone())
            .map_err(|error| {
                Error::Usage(format!("{url} is not the address of a server: {error}"))
            })?
            .connect_timeout(CONNECT_TIMEOUT)
            .initial_stream_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .max_frame_size(MAX_FRAME_BYTES)
            .http2_keep_alive_interval(KEEP_ALIVE_INTERVAL)
            .keep_alive_timeout(KEEP_ALIVE_TIMEOUT);
        if let Some(tls) = credentials.tls(url)? {
            endpoint = endpoint.tls_config(tls).map_err(|error| {
                let cause = deepest(&error);
                Error::Usage(format!("certificate and key cannot be used: {cause}"))
            })?;
        }
        let connector = tcp::connector(CONNECT_TIMEOUT);
        match endpoint.connect_with_connector(connector).await {
            Ok(channel) => Ok(Self { channel, headers }),
            Err(source) => Err(match trust::find(&source) {
                Some(distrust) => distrust.into(),
                None => Error::Connect {
                    server: url.clone(),
                    source,
                },
            }),
        }
    }

    fn service(&self) -> Service {
        InterceptedService::new(self.channel.clone(), self.headers.clone())
    }

    /// Uploads, exports and transfers.
    pub(crate) fn ingest(&self) -> IngestServiceClient<Service> {
        IngestServiceClient::new(self.service()).max_decoding_message_size(MAX_MESSAGE_BYTES)
    }

    /// The same for calls whose messages hold whole records.
    pub(crate) fn whole_records(&self) -> IngestServiceClient<Service> {
        IngestServiceClient::new(self.service()).max_decoding_message_size(MAX_RECORD_MESSAGE_BYTES)
    }

    /// Databases and tables.
    pub(crate) fn catalog(&self) -> CatalogServiceClient<Service> {
        CatalogServiceClient::new(self.service()).max_decoding_message_size(MAX_MESSAGE_BYTES)
    }

    /// Sends the upload with this id, and waits for the response. The gRPC library makes the call, with no message in
    /// it; its body is exchanged for one that does not copy the file. Fails with [`Error::Call`].
    pub(crate) async fn upload(
        &self,
        transfer_id: &str,
        messages: impl Stream<Item = UploadRequest> + Send + Unpin + 'static,
    ) -> Result<UploadResponse> {
        let mut body = Some(Body::new(Frames::request(messages.map(Ok))));
        let service = MapRequest::new(self.service(), move |mut call: http::Request<Body>| {
            if let Some(body) = body.take() {
                *call.body_mut() = body;
            }
            call
        });
        let mut client =
            IngestServiceClient::new(service).max_decoding_message_size(MAX_MESSAGE_BYTES);
        Ok(client
            .upload(about(transfer_id, tokio_stream::empty()))
            .await?
            .into_inner())
    }

    /// Asks the server to end a transfer that this command gives up. A server that does not answer
    /// in time, or does not know the transfer, sees the call break all the same. Returns the transfer
    /// as it is then, where the server tells.
    pub(crate) async fn give_up(&self, transfer_id: &str) -> Option<Transfer> {
        let request = CancelTransferRequest {
            transfer_id: transfer_id.to_owned(),
        };
        let mut client = self.ingest();
        let answer = tokio::time::timeout(
            CANCEL_TIMEOUT,
            client.cancel_transfer(about(transfer_id, request)),
        )
        .await;
        answer.ok()?.ok()?.into_inner().transfer
    }

    /// Asks for a transfer; a server that does not answer in time is away. Fails with
    /// [`Error::Call`].
    pub(crate) async fn transfer(&self, transfer_id: &str) -> Result<Transfer> {
        let request = GetTransferRequest {
            transfer_id: transfer_id.to_owned(),
        };
        let mut client = self.ingest();
        let answer = tokio::time::timeout(
            ASK_TIMEOUT,
            client.get_transfer(about(transfer_id, request)),
        )
        .await;
        let answer = answer.unwrap_or_else(|_| {
            let text = format!(
                "the server does not answer within {} s",
                ASK_TIMEOUT.as_secs()
            );
            Err(Status::unavailable(text))
        });
        answer?
            .into_inner()
            .transfer
            .ok_or(Error::Answer("transfer"))
    }
}

/// A call about a transfer: a proxy before several servers chooses one by its id.
pub(crate) fn about<T>(transfer_id: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    if !transfer_id.is_empty()
        && let Ok(id) = transfer_id.parse()
    {
        request.metadata_mut().insert(TRANSFER_ID, id);
    }
    request
}
