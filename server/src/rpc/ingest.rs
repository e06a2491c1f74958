//! `IngestService`: one line for each call, to the file that serves it.
//!
//! `rpc` mounts it. Calls that the contract has and this version does not answer UNIMPLEMENTED.

use std::{pin::Pin, time::Duration};

use sluice_proto::v1::{self as pb, ingest_service_server::IngestService};
use tokio_stream::Stream;
use tonic::{Request, Response, Status, Streaming};

use super::{export, files, status, transfers, upload};
use crate::transfer::Transfers;

type ResponseStream<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// Serves uploads, exports and the state of both.
#[derive(Debug)]
pub(super) struct IngestRpc {
    transfers: Transfers,
    idle_timeout: Duration,
}

impl IngestRpc {
    pub(super) fn new(transfers: Transfers, idle_timeout: Duration) -> Self {
        Self {
            transfers,
            idle_timeout,
        }
    }
}

#[tonic::async_trait]
impl IngestService for IngestRpc {
    async fn upload(
        &self,
        request: Request<Streaming<pb::UploadRequest>>,
    ) -> Result<Response<pb::UploadResponse>, Status> {
        let response = upload::upload(&self.transfers, request.into_inner(), self.idle_timeout);
        response.await.map(Response::new)
    }

    async fn begin_upload(
        &self,
        _: Request<pb::BeginUploadRequest>,
    ) -> Result<Response<pb::BeginUploadResponse>, Status> {
        Err(status::not_implemented("BeginUpload"))
    }

    async fn append_upload(
        &self,
        _: Request<pb::AppendUploadRequest>,
    ) -> Result<Response<pb::AppendUploadResponse>, Status> {
        Err(status::not_implemented("AppendUpload"))
    }

    async fn finish_upload(
        &self,
        _: Request<pb::FinishUploadRequest>,
    ) -> Result<Response<pb::FinishUploadResponse>, Status> {
        Err(status::not_implemented("FinishUpload"))
    }

    type ExportStream = ResponseStream<pb::ExportResponse>;

    async fn export(
        &self,
        request: Request<pb::ExportRequest>,
    ) -> Result<Response<Self::ExportStream>, Status> {
        let stream = export::export(&self.transfers, request.into_inner()).await?;
        Ok(Response::new(Box::pin(stream)))
    }

    async fn inspect_file(
        &self,
        request: Request<pb::InspectFileRequest>,
    ) -> Result<Response<pb::InspectFileResponse>, Status> {
        let response = files::inspect(&self.transfers, request.into_inner());
        response.await.map(Response::new)
    }

    async fn get_transfer(
        &self,
        request: Request<pb::GetTransferRequest>,
    ) -> Result<Response<pb::GetTransferResponse>, Status> {
        transfers::get(self.transfers.registry(), &request.into_inner()).map(Response::new)
    }

    async fn list_transfers(
        &self,
        request: Request<pb::ListTransfersRequest>,
    ) -> Result<Response<pb::ListTransfersResponse>, Status> {
        transfers::list(self.transfers.registry(), &request.into_inner()).map(Response::new)
    }

    async fn cancel_transfer(
        &self,
        request: Request<pb::CancelTransferRequest>,
    ) -> Result<Response<pb::CancelTransferResponse>, Status> {
        let response = transfers::cancel(self.transfers.registry(), request.into_inner());
        response.await.map(Response::new)
    }

    type WatchTransferStream = ResponseStream<pb::WatchTransferResponse>;

    async fn watch_transfer(
        &self,
        request: Request<pb::WatchTransferRequest>,
    ) -> Result<Response<Self::WatchTransferStream>, Status> {
        let stream = transfers::watch(self.transfers.registry(), &request.into_inner())?;
        Ok(Response::new(Box::pin(stream)))
    }

    type ListRejectedRowsStream = ResponseStream<pb::ListRejectedRowsResponse>;

    async fn list_rejected_rows(
        &self,
        request: Request<pb::ListRejectedRowsRequest>,
    ) -> Result<Response<Self::ListRejectedRowsStream>, Status> {
        let stream = files::rejected_rows(&self.transfers, &request.into_inner()).await?;
        Ok(Response::new(Box::pin(stream)))
    }
}
