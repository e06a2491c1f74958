//! The messages that come out of a body, compared with those that went into it, however it was cut.

use std::{
    collections::VecDeque,
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::BufMut as _;
use http::HeaderMap;
use http_body::Frame;
use tonic::Code;

use super::*;
use crate::{Frames, v1::UploadSpec};

const LIMIT: usize = 4 << 20;

/// A body of these frames, which breaks where it is told to.
struct Frayed<E>(VecDeque<Result<Frame<Bytes>, E>>);

impl<E: Unpin> Body for Frayed<E> {
    type Data = Bytes;
    type Error = E;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, E>>> {
        Poll::Ready(self.0.pop_front())
    }
}

/// A body that comes in frames of so many bytes.
fn cut(bytes: &[u8], frame_bytes: usize) -> Frayed<Infallible> {
    let frames = bytes.chunks(frame_bytes).map(Bytes::copy_from_slice);
    Frayed(frames.map(|frame| Ok(Frame::data(frame))).collect())
}

fn data(bytes: impl Into<Bytes>) -> UploadRequest {
    UploadRequest {
        payload: Some(Payload::Data(bytes.into())),
    }
}

fn sample(length: usize) -> Vec<u8> {
    (0..=250).cycle().take(length).collect()
}

fn spec() -> UploadRequest {
    UploadRequest {
        payload: Some(Payload::Spec(UploadSpec {
            transfer_id: "00000000-0000-4000-8000-000000000000".to_owned(),
            ..UploadSpec::default()
        })),
    }
}

/// The bytes of messages as [`Frames`] sends them.
async fn sent(messages: impl IntoIterator<Item = UploadRequest>) -> Bytes {
    let messages = messages.into_iter().map(Ok);
    let body = Frames::request(tokio_stream::iter(messages));
    body.collect().await.unwrap().to_bytes()
}

/// One message with these bytes.
fn raw(message: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0];
    bytes.put_u32(u32::try_from(message.len()).unwrap());
    bytes.extend_from_slice(message);
    bytes
}

/// All messages, with pieces of the file that follow one another joined.
async fn joined<B>(mut messages: Messages<B>) -> Result<Vec<UploadRequest>, Fault>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let mut all: Vec<UploadRequest> = Vec::new();
    while let Some(message) = messages.next().await? {
        let last = all.last_mut().and_then(|last| last.payload.as_mut());
        match (last, message.payload) {
            (Some(Payload::Data(last)), Some(Payload::Data(piece))) => {
                *last = [last.as_ref(), piece.as_ref()].concat().into();
            }
            (_, payload) => all.push(UploadRequest { payload }),
        }
    }
    Ok(all)
}

async fn fault(bytes: &[u8], frame_bytes: usize) -> Fault {
    joined(Messages::new(cut(bytes, frame_bytes), LIMIT))
        .await
        .unwrap_err()
}

#[tokio::test]
async fn every_message_arrives_however_the_body_is_cut() {
    let empty = UploadRequest::default();
    for length in [0, 1, 2, 127, 128, 129, 16_383, 16_384, 70_000] {
        let file = data(sample(length));
        let messages = [spec(), file.clone(), empty.clone(), file, spec()];
        let bytes = sent(messages.clone()).await;
        for frame_bytes in [1, 2, 3, 5, 6, 7, 8, 9, 11, 1_000, 16_384, bytes.len()] {
            let arrived = joined(Messages::new(cut(&bytes, frame_bytes), LIMIT)).await;
            assert!(arrived.unwrap() == messages, "{length} in {frame_bytes}");
        }
    }
}

#[tokio::test]
async fn pieces_of_the_file_are_neither_copied_nor_waited_for() {
    let bytes = sent([data(sample(100_000))]).await;
    let frame = bytes.slice(..40_000);
    let rest = bytes.slice(40_000..);
    let frames = [frame.clone(), rest.clone()];
    let frames = frames.map(|frame| Ok::<_, Infallible>(Frame::data(frame)));
    let mut messages = Messages::new(Frayed(frames.into()), LIMIT);
    for expected in [frame.slice(PREFIX_BYTES + 1 + 3..), rest] {
        let message = messages.next().await.unwrap().unwrap();
        let Some(Payload::Data(piece)) = message.payload else {
            panic!("no piece of the file");
        };
        assert_eq!(piece.as_ptr(), expected.as_ptr());
        assert_eq!(piece.len(), expected.len());
    }
    assert!(messages.next().await.unwrap().is_none());
}

#[tokio::test]
async fn tiny_pieces_are_joined() {
    for frame_bytes in [1, 100, MIN_PIECE_BYTES - 1] {
        let bytes = sent([data(sample(10_000)), data(sample(3))]).await;
        let mut messages = Messages::new(cut(&bytes, frame_bytes), LIMIT);
        let mut left = 10_000;
        while left > 0 {
            let message = messages.next().await.unwrap().unwrap();
            let Some(Payload::Data(piece)) = message.payload else {
                panic!("no piece of the file");
            };
            left -= piece.len();
            assert!(piece.len() >= MIN_PIECE_BYTES || left == 0);
        }
        // The end of a message is not held back.
        assert_eq!(messages.next().await.unwrap(), Some(data(sample(3))));
    }
}

#[tokio::test]
async fn what_is_not_the_usual_form_is_read_as_prost_reads_it() {
    let data_twice = b"\x12\x01a\x12\x02bc".to_vec();
    let unknown_field = b"\x12\x01a\x98\x06\x01".to_vec();
    let long_length = b"\x12\x83\x80\x00abc".to_vec();
    let data_then_spec = b"\x12\x01a\x0a\x00".to_vec();
    for message in [data_twice, unknown_field, long_length, data_then_spec] {
        let expected = UploadRequest::decode(message.as_slice()).unwrap();
        for frame_bytes in [1, 4, 100] {
            let messages = Messages::new(cut(&raw(&message), frame_bytes), LIMIT);
            assert_eq!(
                joined(messages).await.unwrap(),
                std::slice::from_ref(&expected),
                "{message:x?}"
            );
        }
    }
}

#[tokio::test]
async fn bytes_that_are_no_message_are_refused() {
    let too_long = b"\x12\x7fabc".to_vec();
    let cut_length = b"\x12\x80".to_vec();
    let endless_length = [&b"\x12"[..], &[0xff; 20]].concat();
    let bare_key = b"\x12".to_vec();
    for message in [too_long, cut_length, endless_length, bare_key] {
        assert!(UploadRequest::decode(message.as_slice()).is_err());
        for frame_bytes in [1, 100] {
            match fault(&raw(&message), frame_bytes).await {
                Fault::Message(status) => assert_eq!(status.code(), Code::Internal),
                fault @ Fault::Broken(_) => panic!("{message:x?}: {fault:?}"),
            }
        }
    }
    let Fault::Message(status) = fault(b"\x01\0\0\0\x01a", 100).await else {
        panic!("a compressed message is no break");
    };
    assert_eq!(status.code(), Code::Internal);
    assert!(status.message().contains("compressed flag 1"), "{status}");
}

#[tokio::test]
async fn the_limit_is_that_of_a_whole_message() {
    let bytes = sent([data(sample(1_000))]).await;
    let message_bytes = bytes.len() - PREFIX_BYTES;
    for (limit, is_taken) in [
        (message_bytes + 1, true),
        (message_bytes, true),
        (message_bytes - 1, false),
    ] {
        match joined(Messages::new(cut(&bytes, 100), limit)).await {
            Ok(messages) => assert!(is_taken && messages == [data(sample(1_000))]),
            Err(Fault::Message(status)) => {
                assert!(!is_taken);
                assert_eq!(status.code(), Code::OutOfRange);
                assert_eq!(
                    status.message(),
                    "a message has 1003 bytes, the limit is 1002"
                );
            }
            Err(Fault::Broken(status)) => panic!("{status}"),
        }
    }
}

#[tokio::test]
async fn an_end_within_a_message_is_a_break() {
    let bytes = sent([data(sample(10)), spec()]).await;
    let first_bytes = sent([data(sample(10))]).await.len();
    for length in 0..=bytes.len() {
        let outcome = joined(Messages::new(cut(&bytes[..length], 100), LIMIT)).await;
        let is_whole = [0, first_bytes, bytes.len()].contains(&length);
        match outcome {
            Ok(_) => assert!(is_whole, "{length}"),
            Err(fault) => assert!(!is_whole && matches!(fault, Fault::Broken(_)), "{length}"),
        }
    }
}

/// Above all a cancelled call: it must not look like a file that has ended.
#[tokio::test]
async fn a_body_that_breaks_off_is_a_break() {
    for status in [Status::cancelled("gone"), Status::unknown("reset")] {
        let frames = [
            Ok(Frame::data(sent([data("a,b\n")]).await)),
            Err(status.clone()),
        ];
        let mut messages = Messages::new(Frayed(frames.into()), LIMIT);
        assert_eq!(messages.next().await.unwrap(), Some(data("a,b\n")));
        match messages.next().await.unwrap_err() {
            Fault::Broken(broken) => assert_eq!(broken.code(), status.code()),
            fault @ Fault::Message(_) => panic!("{fault:?}"),
        }
    }
}

#[tokio::test]
async fn trailers_end_nothing_early() {
    let frames = [
        Ok::<_, Infallible>(Frame::data(sent([data("a\n")]).await)),
        Ok(Frame::trailers(HeaderMap::new())),
    ];
    let messages = joined(Messages::new(Frayed(frames.into()), LIMIT)).await;
    assert_eq!(messages.unwrap(), [data("a\n")]);
}
