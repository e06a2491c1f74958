//! `IngestService`: one line for each call, to the file that serves it.
//!
//! `rpc` mounts it. It must never do anything itself.

use std::time::Duration;

use sluice_proto::v1::{self as pb, ingest_service_server::IngestService};
use tonic::{Request, Response, Status, Streaming};

use super::{
    access::Caller,
    bulk::{self, Absent},
    doors::{Doors, Entered},
    export, files,
    forward::{self, Reached, ResponseStream, TRANSFER_ID},
    session, transfers, upload,
};
use crate::config::RpcConfig;

/// Serves uploads, exports and the state of both.
#[derive(Debug)]
pub(super) struct IngestRpc {
    doors: Doors,
    idle_timeout: Duration,
    max_message_bytes: usize,
}

impl IngestRpc {
    pub(super) fn new(doors: Doors, config: &RpcConfig) -> Self {
        Self {
            doors,
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
        let Entered {
            caller, transfers, ..
        } = self.doors.enter(Caller::of(&request)?, &request).await?;
        let metadata = request.metadata().clone();
        let messages = bulk::messages(request, self.max_message_bytes)?;
        let upload = upload::upload(&transfers, &caller, &metadata, messages, self.idle_timeout);
        let (id, outcome) = upload.await?;
        let mut response = bulk::respond_later(outcome);
        // At once, for clients that let the server choose the id.
        if let Ok(id) = id.to_string().parse() {
            response.metadata_mut().insert(TRANSFER_ID, id);
        }
        Ok(response)
    }

    async fn begin_upload(
        &self,
        request: Request<pb::BeginUploadRequest>,
    ) -> Result<Response<pb::BeginUploadResponse>, Status> {
        match self.doors.reach(Caller::of(&request)?, request).await? {
            Reached::Answered(answer) => Ok(answer),
            Reached::Here(here) => session::begin(here, self.max_message_bytes)
                .await
                .map(Response::new),
        }
    }

    async fn append_upload(
        &self,
        request: Request<pb::AppendUploadRequest>,
    ) -> Result<Response<pb::AppendUploadResponse>, Status> {
        match self.doors.reach(Caller::of(&request)?, request).await? {
            Reached::Answered(answer) => Ok(answer),
            Reached::Here(here) => session::append(here).await.map(Response::new),
        }
    }

    async fn finish_upload(
        &self,
        request: Request<pb::FinishUploadRequest>,
    ) -> Result<Response<pb::FinishUploadResponse>, Status> {
        match self.doors.reach(Caller::of(&request)?, request).await? {
            Reached::Answered(answer) => Ok(answer),
            Reached::Here(here) => session::finish(here).await.map(Response::new),
        }
    }

    type ExportStream = Absent<pb::ExportResponse>;

    async fn export(
        &self,
        request: Request<pb::ExportRequest>,
    ) -> Result<Response<Self::ExportStream>, Status> {
        let Entered {
            caller, transfers, ..
        } = self.doors.enter(Caller::of(&request)?, &request).await?;
        forward::check_id(request.metadata(), &request.get_ref().transfer_id)?;
        let stream = export::export(&transfers, &caller, request.into_inner()).await?;
        Ok(bulk::respond(stream))
    }

    async fn inspect_file(
        &self,
        request: Request<pb::InspectFileRequest>,
    ) -> Result<Response<pb::InspectFileResponse>, Status> {
        let Entered {
            caller, transfers, ..
        } = self.doors.enter(Caller::of(&request)?, &request).await?;
        let response = files::inspect(&transfers, &caller, request.into_inner());
        response.await.map(Response::new)
    }

    async fn get_transfer(
        &self,
        request: Request<pb::GetTransferRequest>,
    ) -> Result<Response<pb::GetTransferResponse>, Status> {
        match self.doors.reach(Caller::of(&request)?, request).await? {
            Reached::Answered(answer) => Ok(answer),
            Reached::Here(here) => transfers::get(here).await.map(Response::new),
        }
    }

    async fn list_transfers(
        &self,
        request: Request<pb::ListTransfersRequest>,
    ) -> Result<Response<pb::ListTransfersResponse>, Status> {
        let Entered {
            caller, transfers, ..
        } = self.doors.enter(Caller::of(&request)?, &request).await?;
        let response = transfers::list(&transfers, &caller, request.into_inner());
        response.await.map(Response::new)
    }

    async fn cancel_transfer(
        &self,
        request: Request<pb::CancelTransferRequest>,
    ) -> Result<Response<pb::CancelTransferResponse>, Status> {
        match self.doors.reach(Caller::of(&request)?, request).await? {
            Reached::Answered(answer) => Ok(answer),
            Reached::Here(here) => transfers::cancel(here).await.map(Response::new),
        }
    }

    type WatchTransferStream = ResponseStream<pb::WatchTransferResponse>;

    async fn watch_transfer(
        &self,
        request: Request<pb::WatchTransferRequest>,
    ) -> Result<Response<Self::WatchTransferStream>, Status> {
        match self.doors.reach(Caller::of(&request)?, request).await? {
            Reached::Answered(answer) => Ok(answer),
            Reached::Here(here) => {
                let stream = transfers::watch(here).await?;
                Ok(Response::new(Box::pin(stream)))
            }
        }
    }

    type ListRejectedRowsStream = ResponseStream<pb::ListRejectedRowsResponse>;

    async fn list_rejected_rows(
        &self,
        request: Request<pb::ListRejectedRowsRequest>,
    ) -> Result<Response<Self::ListRejectedRowsStream>, Status> {
        match self.doors.reach(Caller::of(&request)?, request).await? {
            Reached::Answered(answer) => Ok(answer),
            Reached::Here(here) => {
                let stream = files::rejected_rows(here).await?;
                Ok(Response::new(Box::pin(stream)))
            }
        }
    }
}
