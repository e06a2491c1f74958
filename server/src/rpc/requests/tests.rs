//! Messages at, below and above their limits, in pieces of every size.

use axum::{Router, middleware, routing::post};
use http_body_util::Full;
use tonic::Code;
use tower::ServiceExt as _;

use super::*;

const MIB: usize = 1 << 20;

fn limits(timeout: Duration) -> Limits {
    Limits {
        memory: Arc::new(Memory::new(64 * MIB, MIB, Duration::from_millis(50))),
        max_message_bytes: 2 * MIB,
        timeout,
    }
}

/// A message of so many bytes, with its head.
fn message(bytes: usize) -> Vec<u8> {
    let mut message = vec![0];
    message.extend(u32::try_from(bytes).unwrap().to_be_bytes());
    message.extend((0..=250_u8).cycle().take(bytes));
    message
}

/// What comes through of a body: its pieces, or why it ends.
async fn read(limits: Limits, path: &str, body: Body) -> Result<Vec<Bytes>, Status> {
    let mut body = body;
    let mut messages = Messages::new(limits, path);
    let mut pieces = Vec::new();
    loop {
        match messages.next(&mut body).await {
            Ok(Some(frame)) => pieces.push(frame.into_data().unwrap()),
            Ok(None) => return Ok(pieces),
            Err(error) => return Err(Status::from_error(error.into_inner())),
        }
    }
}

#[tokio::test]
async fn no_piece_is_too_large_and_no_byte_is_lost() {
    for bytes in [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 300_000] {
        let whole = message(bytes);
        for frame_bytes in [1, 3, 7, 1 << 20] {
            let frames = whole.chunks(frame_bytes.max(whole.len() / 1000));
            let frames = frames.map(|frame| Ok::<_, axum::Error>(Bytes::copy_from_slice(frame)));
            let body = Body::from_stream(stream::iter(frames.collect::<Vec<_>>()));
            let limits = limits(Duration::from_secs(5));
            let pieces = read(limits, "/AppendUpload", body).await.unwrap();
            assert!(pieces.iter().all(|piece| piece.len() <= PIECE_BYTES));
            assert_eq!(pieces.concat(), whole, "{bytes} in {frame_bytes}");
        }
    }
}

#[tokio::test]
async fn every_method_has_its_limit() {
    for (path, most) in [
        ("/sluice.v1.CatalogService/GetServerInfo", STRANGER_BYTES),
        ("/grpc.health.v1.Health/Check", STRANGER_BYTES),
        (
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
            STRANGER_BYTES,
        ),
        ("/sluice.v1.CatalogService/ListTables", SMALL_BYTES),
        ("/sluice.v1.IngestService/FinishUpload", SMALL_BYTES),
        ("/sluice.v1.CatalogService/PreviewRows", SPEC_BYTES),
        ("/sluice.v1.IngestService/BeginUpload", SPEC_BYTES),
        ("/sluice.v1.IngestService/AppendUpload", 2 * MIB),
        ("/sluice.v1.IngestService/InspectFile", 2 * MIB),
    ] {
        for (bytes, is_taken) in [(most - 1, true), (most, true), (most + 1, false)] {
            let body = Body::from(message(bytes));
            let outcome = read(limits(Duration::from_secs(5)), path, body).await;
            assert_eq!(outcome.is_ok(), is_taken, "{path} {bytes}");
            if let Err(status) = outcome {
                assert_eq!(status.code(), Code::OutOfRange, "{status:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_message_that_does_not_come_is_given_up() {
    let limits = limits(Duration::from_millis(50));
    for begun in [
        &message(100)[..0],
        &message(100)[..3],
        &message(100)[..50],
        &message(100),
    ] {
        let frames = stream::iter([Ok::<_, axum::Error>(Bytes::copy_from_slice(begun))]);
        let for_ever = futures_util::StreamExt::chain(frames, stream::pending());
        let body = Body::from_stream(for_ever);
        let outcome = read(limits.clone(), "/ListTables", body).await;
        assert_eq!(outcome.unwrap_err().code(), Code::DeadlineExceeded);
    }
}

#[tokio::test]
async fn a_message_keeps_its_memory_until_its_call_is_answered() {
    let limits = limits(Duration::from_secs(5));
    let memory = Arc::clone(&limits.memory);
    let answer = post(async move |body: Body| {
        let bytes = body.collect().await.unwrap().to_bytes();
        assert_eq!(bytes.len(), 2 * MIB + HEAD_BYTES);
        // The rest of the large messages, and no more.
        let rest = memory.message(Message::Large, 4 * MIB).await;
        assert!(rest.is_some() && memory.message(Message::Large, MIB).await.is_none());
    });
    let memory = Arc::clone(&limits.memory);
    let router = Router::new()
        .route("/AppendUpload", answer)
        .layer(middleware::from_fn_with_state(limits.clone(), limit));
    let request = || {
        let body = Body::new(Full::from(message(2 * MIB)));
        Request::post("/AppendUpload").body(body).unwrap()
    };
    let response = router.clone().oneshot(request()).await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(memory.message(Message::Large, 6 * MIB).await.is_some());

    // Without memory nothing more of it is read.
    let all = memory.message(Message::Large, usize::MAX).await;
    let outcome = read(limits, "/AppendUpload", Body::from(message(MIB))).await;
    assert_eq!(outcome.unwrap_err().code(), Code::ResourceExhausted);
    drop(all);
}
