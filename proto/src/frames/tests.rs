//! The frames of messages, compared with what prost and the gRPC library make of them.

use bytes::BytesMut;
use http_body_util::BodyExt as _;
use tonic::{
    Code,
    codec::{Codec as _, EncodeBody, SingleMessageCompressionOverride},
    metadata::MetadataMap,
};
use tonic_prost::ProstCodec;

use super::*;
use crate::v1::{ExportProgress, ExportSchema, ExportSummary, UploadSpec};

/// Lengths around those at which their own encoding grows, and that of a large message.
const LENGTHS: [usize; 8] = [0, 1, 127, 128, 16_383, 16_384, 1 << 20, (2 << 20) + 1];

fn sample(length: usize) -> Bytes {
    (0..=250).cycle().take(length).collect::<Vec<u8>>().into()
}

fn upload(payload: upload_request::Payload) -> UploadRequest {
    UploadRequest {
        payload: Some(payload),
    }
}

fn export(payload: export_response::Payload) -> ExportResponse {
    ExportResponse {
        payload: Some(payload),
    }
}

fn spec() -> UploadRequest {
    upload(upload_request::Payload::Spec(UploadSpec {
        transfer_id: "00000000-0000-4000-8000-000000000000".to_owned(),
        ..UploadSpec::default()
    }))
}

fn uploads() -> Vec<UploadRequest> {
    let data = LENGTHS.map(|length| upload(upload_request::Payload::Data(sample(length))));
    [spec(), UploadRequest::default()]
        .into_iter()
        .chain(data)
        .collect()
}

fn exports() -> Vec<ExportResponse> {
    let data = LENGTHS.map(|length| export(export_response::Payload::Data(sample(length))));
    let progress = ExportProgress {
        rows: 300,
        ..ExportProgress::default()
    };
    [
        export(export_response::Payload::Schema(ExportSchema::default())),
        export(export_response::Payload::Progress(progress)),
        export(export_response::Payload::Summary(ExportSummary::default())),
        ExportResponse::default(),
    ]
    .into_iter()
    .chain(data)
    .collect()
}

/// All bytes of a body, and what it says at its end.
async fn collect<B: Body<Data = Bytes, Error = Status> + Unpin>(
    mut body: B,
) -> (Bytes, Option<HeaderMap>) {
    let (mut bytes, mut trailers) = (BytesMut::new(), None);
    while let Some(frame) = body.frame().await {
        match frame.unwrap().into_data() {
            Ok(data) => bytes.extend_from_slice(&data),
            Err(frame) => trailers = frame.into_trailers().ok(),
        }
    }
    (bytes.freeze(), trailers)
}

/// One message by the rules, with prost's own encoding of all of it.
fn expected(message: &impl Message) -> Vec<u8> {
    let mut bytes = vec![0];
    bytes.extend_from_slice(&u32::try_from(message.encoded_len()).unwrap().to_be_bytes());
    message.encode(&mut bytes).unwrap();
    bytes
}

#[tokio::test]
async fn each_message_is_what_prost_makes_of_it() {
    for message in uploads() {
        let expected = expected(&message);
        let body = Frames::request(tokio_stream::once(Ok(message)));
        assert!(collect(body).await.0 == expected);
    }
    for message in exports() {
        let expected = expected(&message);
        let body = Frames::response(tokio_stream::once(Ok(message)));
        assert!(collect(body).await.0 == expected);
    }
}

#[tokio::test]
async fn a_response_is_what_the_library_makes_of_it() {
    let mut metadata = MetadataMap::new();
    metadata.insert("retry-after", "3".parse().unwrap());
    let failure = Status::with_details_and_metadata(
        Code::DataLoss,
        "Zeile 3 % ö",
        Bytes::from_static(b"\x01\x02"),
        metadata,
    );
    for outcome in [None, Some(failure)] {
        let messages = exports().into_iter().map(Ok);
        let messages: Vec<_> = messages.chain(outcome.map(Err)).collect();
        let library = EncodeBody::new_server(
            ProstCodec::<ExportResponse, ExportResponse>::new().encoder(),
            tokio_stream::iter(messages.clone()),
            None,
            SingleMessageCompressionOverride::default(),
            None,
        );
        let ours = Frames::response(tokio_stream::iter(messages));
        let (ours, library) = (collect(ours).await, collect(Box::pin(library)).await);
        assert!(ours.0 == library.0);
        assert!(ours.1.is_some());
        assert_eq!(ours.1, library.1);
    }
}

#[tokio::test]
async fn a_request_is_what_the_library_makes_of_it() {
    let messages: Vec<_> = uploads().into_iter().map(Ok).collect();
    let library = EncodeBody::new_client(
        ProstCodec::<UploadRequest, UploadRequest>::new().encoder(),
        tokio_stream::iter(messages.clone()),
        None,
        None,
    );
    let ours = Frames::request(tokio_stream::iter(messages));
    let (ours, library) = (collect(ours).await, collect(Box::pin(library)).await);
    assert!(ours.0 == library.0);
    assert_eq!(ours.1, None);
    assert_eq!(library.1, None);
}

#[tokio::test]
async fn data_is_not_copied() {
    let data = sample(1 << 20);
    let message = upload(upload_request::Payload::Data(data.clone()));
    let mut body = Frames::request(tokio_stream::once(Ok(message)));
    let head = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(head.len(), PREFIX_BYTES + 1 + 3);
    let sent = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(sent.as_ptr(), data.as_ptr());
    assert_eq!(sent.len(), data.len());
}

#[tokio::test]
async fn a_request_whose_messages_fail_breaks_instead_of_ending() {
    let messages = tokio_stream::iter([Ok(spec()), Err(Status::aborted("no more"))]);
    let mut body = Frames::request(messages);
    body.frame().await.unwrap().unwrap();
    assert!(!body.is_end_stream());
    let broken = body.frame().await.unwrap().unwrap_err();
    assert_eq!(broken.code(), Code::Aborted);
    assert!(body.frame().await.is_none());
}

#[tokio::test]
async fn no_message_is_asked_for_before_the_one_before_is_taken() {
    let asked = std::cell::Cell::new(0);
    let messages = exports()
        .into_iter()
        .inspect(|_| asked.set(asked.get() + 1));
    let mut body = Frames::response(tokio_stream::iter(messages.map(Ok)));
    let mut expected = 0;
    for message in exports() {
        let has_data = matches!(message.payload, Some(export_response::Payload::Data(data)) if !data.is_empty());
        expected += 1;
        for _ in 0..=usize::from(has_data) {
            body.frame().await.unwrap().unwrap();
            assert_eq!(asked.get(), expected);
            assert!(!body.is_end_stream());
        }
    }
    assert!(body.frame().await.unwrap().unwrap().is_trailers());
    assert!(body.is_end_stream());
}

#[tokio::test]
async fn a_stream_that_waits_has_not_ended() {
    let messages = tokio_stream::pending::<Result<UploadRequest, Status>>();
    let mut body = Frames::request(messages);
    let frame = std::future::poll_fn(|context| {
        Poll::Ready(Pin::new(&mut body).poll_frame(context).is_pending())
    });
    assert!(frame.await);
    assert!(!body.is_end_stream());
}

#[test]
fn a_message_too_long_for_its_prefix_is_refused() {
    let spec = spec();
    let limit = u32::MAX as usize;
    assert!(head(&spec, 10, limit - 10).is_ok());
    let refused = head(&spec, 10, limit - 9).unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
}
