//! Counts calls, by their method and the status that they end with.
//!
//! `rpc` puts [`count`] around the services, inside of what makes gRPC of gRPC-Web. It changes nothing of a call.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Instant,
};

use axum::{
    body::Body,
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use bytes::Bytes;
use http::HeaderMap;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tonic::{Code, Status};

use crate::metrics::{EndedCall, Metrics};

/// The services and their methods: the values of the labels. All else is `other`.
const METHODS: [(&str, &[&str]); 4] = [
    (
        "sluice.v1.IngestService",
        &[
            "Upload",
            "BeginUpload",
            "AppendUpload",
            "FinishUpload",
            "Export",
            "InspectFile",
            "GetTransfer",
            "ListTransfers",
            "CancelTransfer",
            "WatchTransfer",
            "ListRejectedRows",
        ],
    ),
    (
        "sluice.v1.CatalogService",
        &[
            "GetServerInfo",
            "ListConnections",
            "CheckConnection",
            "ListDatabases",
            "ListTables",
            "GetTable",
            "PreviewRows",
        ],
    ),
    ("grpc.health.v1.Health", &["Check", "Watch"]),
    (
        "grpc.reflection.v1.ServerReflection",
        &["ServerReflectionInfo"],
    ),
];

/// What is not known.
const OTHER: &str = "other";

/// Service and method of a path.
fn labels(path: &str) -> (&'static str, &'static str) {
    let parts = path.trim_start_matches('/').split_once('/');
    let known = parts.and_then(|(service, method)| {
        let (service, methods) = METHODS.iter().find(|(known, _)| *known == service)?;
        let method = methods.iter().find(|known| **known == method)?;
        Some((short(service), *method))
    });
    known.unwrap_or((OTHER, OTHER))
}

/// The name of a service without its package.
fn short(service: &'static str) -> &'static str {
    service.rsplit_once('.').map_or(service, |(_, name)| name)
}

/// Counts a call when its answer has ended, or nobody wants it any more.
pub(super) async fn count(
    State(metrics): State<Arc<Metrics>>,
    request: Request,
    next: Next,
) -> Response {
    let mut call = Call::begin(metrics, request.uri().path());
    let response = next.run(request).await;
    call.see(response.headers());
    response.map(|body| Body::new(Counted { body, call }))
}

/// A call, counted when it is dropped.
struct Call {
    metrics: Arc<Metrics>,
    service: &'static str,
    method: &'static str,
    begun: Instant,
    code: Code,
}

impl Call {
    fn begin(metrics: Arc<Metrics>, path: &str) -> Self {
        let (service, method) = labels(path);
        metrics.call_began();
        Self {
            metrics,
            service,
            method,
            begun: Instant::now(),
            // Until there is a status: whoever has called has gone.
            code: Code::Cancelled,
        }
    }

    /// Takes the status, where it is among these.
    fn see(&mut self, headers: &HeaderMap) {
        if let Some(status) = Status::from_header_map(headers) {
            self.code = status.code();
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.metrics.call_ended(&EndedCall {
            service: self.service,
            method: self.method,
            code: sluice_proto::code_name(self.code),
            elapsed: self.begun.elapsed(),
        });
    }
}

/// The answer of a call that is counted when it has ended.
struct Counted {
    body: Body,
    call: Call,
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if let Some(Ok(frame)) = &frame
            && let Some(trailers) = frame.trailers_ref()
        {
            self.call.see(trailers);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use prost::Message as _;
    use prost_types::FileDescriptorSet;

    use super::labels;

    #[test]
    fn every_method_of_the_contract_has_its_label() {
        let set = FileDescriptorSet::decode(sluice_proto::FILE_DESCRIPTOR_SET).unwrap();
        let mut count = 0;
        for file in &set.file {
            for service in &file.service {
                for method in &service.method {
                    let path = format!("/{}.{}/{}", file.package(), service.name(), method.name());
                    assert_eq!(labels(&path), (service.name(), method.name()), "{path}");
                    count += 1;
                }
            }
        }
        assert!(count > 0);
    }

    #[test]
    fn what_strangers_make_up_is_no_label() {
        for path in ["/", "/a/b", "/sluice.v1.IngestService/Nothing", "nothing"] {
            assert_eq!(labels(path), ("other", "other"), "{path}");
        }
    }
}
