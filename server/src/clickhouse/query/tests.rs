//! What is held back, and what is found in it.

use bytes::Bytes;

use super::{HELD_BYTES, Held};

const TAIL: &str = "\r\n__exception__\r\nrnywyenlaeqynhmu\r\nCode: 395. DB::Exception: boom. \
    (FUNCTION_THROW_IF_VALUE_IS_NON_ZERO) (version 26.7.2.1)\n99 rnywyenlaeqynhmu\r\n__exception__\r\n";

/// Pushes `bytes` in pieces, and returns what was let go before the end.
fn push_all(held: &mut Held, bytes: &[u8], piece: usize) -> Vec<u8> {
    let mut released = Vec::new();
    for chunk in bytes.chunks(piece) {
        held.push(Bytes::copy_from_slice(chunk));
        while let Some(chunk) = held.release(false) {
            released.extend_from_slice(&chunk);
        }
    }
    released
}

#[test]
fn everything_is_released_in_order_at_a_clean_end() {
    let data: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
    for piece in [1, 1_000, HELD_BYTES, HELD_BYTES + 1, 200_000] {
        let mut held = Held::default();
        let mut released = push_all(&mut held, &data, piece);
        assert!(released.len() + HELD_BYTES <= data.len());
        while let Some(chunk) = held.release(true) {
            released.extend_from_slice(&chunk);
        }
        assert!(released == data, "pieces of {piece}");
        assert_eq!(held.length, 0);
    }
}

#[test]
fn exception_in_any_pieces_is_found_and_never_released() {
    let mut data = vec![7; 50_000];
    data.extend_from_slice(TAIL.as_bytes());
    for piece in [1, 7, 100, 4_096, 60_000] {
        let mut held = Held::default();
        let released = push_all(&mut held, &data, piece);
        assert!(released.iter().all(|byte| *byte == 7), "pieces of {piece}");
        let exception = held.take_exception().unwrap();
        assert_eq!(exception.code, 395);
        assert_eq!(exception.message, "boom");
    }
}

#[test]
fn data_without_mark_holds_no_exception() {
    let mut held = Held::default();
    held.push(Bytes::from_static(
        b"Code: 1. DB::Exception: only data (NAME)",
    ));
    assert!(held.take_exception().is_none());
    assert!(held.release(true).is_none());
}

#[test]
fn exception_cut_short_is_still_read() {
    let mut held = Held::default();
    held.push(Bytes::from_static(TAIL.as_bytes()).slice(..60));
    assert_eq!(held.take_exception().unwrap().code, 395);
}
