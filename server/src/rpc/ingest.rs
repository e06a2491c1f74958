//! `IngestService`: one line for each call, to the file that serves it.
//!
//! `rpc` mounts it. It must never do anything itself.

use std::{pin::Pin, time::Duration};

use sluice_proto::v1::{self as pb, ingest_service_server::IngestService};
use tokio_stream::Stream;
use tonic::{Request, Response, Status, Streaming};

use super::{access::Caller, export, files, session, transfers, upload};
use crate::{config::RpcConfig, transfer::Transfers};

type ResponseStream<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// Serves uploads, exports and the state of both.
#[derive(Debug)]
pub(super) struct IngestRpc {
    transfers: Transfers,
    idle_timeout: Duration,
    max_message_bytes: usize,
}

impl IngestRpc {
    pub(super) fn new(transfers: Transfers, config: &RpcConfig) -> Self {
        Self {
            transfers,
            idle_timeout: config.idle_timeout,
            max_message_bytes: config.max_message_bytes,
        }
    }
}

#[tonic::async_trait]
impl IngestService for IngestRpc {
    async fn upload(
        &self,
        request: Request<Streaming<pb::UploadRequest>>,
    ) -> Result<Response<pb::UploadResponse>, Status> {
        let caller = Caller::of(&request)?;
        let messages = request.into_inner();
        let response = upload::upload(&self.transfers, &caller, messages, self.idle_timeout);
        response.await.map(Response::new)
    }

    async fn begin_upload(
        &self,
        request: Request<pb::BeginUploadRequest>,
    ) -> Result<Response<pb::BeginUploadResponse>, Status> {
        let (caller, limit) = (Caller::of(&request)?, self.max_message_bytes);
        let response = session::begin(&self.transfers, &caller, request.into_inner(), limit);
        response.await.map(Response::new)
    }

    async fn append_upload(
        &self,
        request: Request<pb::AppendUploadRequest>,
    ) -> Result<Response<pb::AppendUploadResponse>, Status> {
        let caller = Caller::of(&request)?;
        let response = session::append(&self.transfers, &caller, request.into_inner());
        response.await.map(Response::new)
    }

    async fn finish_upload(
        &self,
        request: Request<pb::FinishUploadRequest>,
    ) -> Result<Response<pb::FinishUploadResponse>, Status> {
        let caller = Caller::of(&request)?;
        let response = session::finish(&self.transfers, &caller, request.into_inner());
        response.await.map(Response::new)
    }

    type ExportStream = ResponseStream<pb::ExportResponse>;

    async fn export(
        &self,
        request: Request<pb::ExportRequest>,
    ) -> Result<Response<Self::ExportStream>, Status> {
        let caller = Caller::of(&request)?;
        let stream = export::export(&self.transfers, &caller, request.into_inner()).await?;
        Ok(Response::new(Box::pin(stream)))
    }

    async fn inspect_file(
        &self,
        request: Request<pb::InspectFileRequest>,
    ) -> Result<Response<pb::InspectFileResponse>, Status> {
        let caller = Caller::of(&request)?;
        let response = files::inspect(&self.transfers, &caller, request.into_inner());
        response.await.map(Response::new)
    }

    async fn get_transfer(
        &self,
        request: Request<pb::GetTransferRequest>,
    ) -> Result<Response<pb::GetTransferResponse>, Status> {
        let caller = Caller::of(&request)?;
        let response = transfers::get(&self.transfers, &caller, request.get_ref());
        response.await.map(Response::new)
    }

    async fn list_transfers(
        &self,
        request: Request<pb::ListTransfersRequest>,
    ) -> Result<Response<pb::ListTransfersResponse>, Status> {
        let caller = Caller::of(&request)?;
        let response = transfers::list(&self.transfers, &caller, request.into_inner());
        response.await.map(Response::new)
    }

    async fn cancel_transfer(
        &self,
        request: Request<pb::CancelTransferRequest>,
    ) -> Result<Response<pb::CancelTransferResponse>, Status> {
        let caller = Caller::of(&request)?;
        let response = transfers::cancel(&self.transfers, &caller, request.get_ref());
        response.await.map(Response::new)
    }

    type WatchTransferStream = ResponseStream<pb::WatchTransferResponse>;

    async fn watch_transfer(
        &self,
        request: Request<pb::WatchTransferRequest>,
    ) -> Result<Response<Self::WatchTransferStream>, Status> {
        let caller = Caller::of(&request)?;
        let stream = transfers::watch(&self.transfers, &caller, request.get_ref()).await?;
        Ok(Response::new(Box::pin(stream)))
    }

    type ListRejectedRowsStream = ResponseStream<pb::ListRejectedRowsResponse>;

    async fn list_rejected_rows(
        &self,
        request: Request<pb::ListRejectedRowsRequest>,
    ) -> Result<Response<Self::ListRejectedRowsStream>, Status> {
        let caller = Caller::of(&request)?;
        let stream = files::rejected_rows(&self.transfers, &caller, request.get_ref()).await?;
        Ok(Response::new(Box::pin(stream)))
    }
}
