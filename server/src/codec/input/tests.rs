//! Files of every compression and encoding, whole, byte by byte and cut in two at each place.

use std::io::Write as _;

use bytes::Bytes;
use proptest::prelude::{any, prop, prop_assert_eq, proptest};

use super::{Input, Limits, unpack::JUDGED_FROM_BYTES};
use crate::codec::{Compression, Encoding, Error, Foreign, Output, Packing};

const TEXT: &str = "id,name\r\n1,Zoë\r\n2,\"a\nb\"\r\n3,“€”\r\n";

/// Limits that make many pieces of little text.
const SMALL: Limits = Limits {
    max_workbook_bytes: 1 << 20,
    piece_bytes: 1 << 10,
    detect_bytes: 16,
    max_expansion: 500,
    max_window_log: 27,
};

/// What came out, and the error after it.
type Outcome = (Vec<u8>, Option<Error>);

fn read<'a>(mut input: Input, chunks: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let mut text = Vec::new();
    for chunk in chunks {
        input.push(Bytes::copy_from_slice(chunk));
        loop {
            match input.next_piece() {
                Ok(Some(piece)) => take(&mut text, &piece),
                Ok(None) => break,
                Err(error) => return (text, Some(again(input, error))),
            }
        }
    }
    loop {
        match input.finish() {
            Ok(Some(piece)) => take(&mut text, &piece),
            Ok(None) => return (text, None),
            Err(error) => return (text, Some(again(input, error))),
        }
    }
}

fn take(text: &mut Vec<u8>, piece: &Bytes) {
    assert!(!piece.is_empty());
    text.extend_from_slice(piece);
}

/// The error, which has to stay the same.
fn again(mut input: Input, error: Error) -> Error {
    input.push(Bytes::from_static(b"more"));
    assert_eq!(input.next_piece(), Err(error.clone()));
    assert_eq!(input.finish(), Err(error.clone()));
    error
}

/// Reads in every way and checks that all of them agree.
fn read_every_way(
    compression: Option<Compression>,
    encoding: Option<Encoding>,
    file: &[u8],
) -> Outcome {
    let input = || Input::new(compression, encoding, SMALL);
    let whole = read(input(), [file]);
    assert_eq!(read(input(), file.chunks(1)), whole, "byte by byte");
    for at in 0..=file.len() {
        let (left, right) = file.split_at(at);
        assert_eq!(read(input(), [left, right]), whole, "split at {at}");
    }
    whole
}

fn pack(compression: Compression, text: &[u8]) -> Vec<u8> {
    pack_at(compression, None, text)
}

fn pack_at(compression: Compression, level: Option<i32>, text: &[u8]) -> Vec<u8> {
    let packing = Packing::new(compression, level).unwrap();
    let mut output = Output::new(packing, Encoding::Utf8).unwrap();
    let mut file = output.push(Bytes::copy_from_slice(text)).unwrap().to_vec();
    file.extend_from_slice(&output.finish().unwrap());
    file
}

fn packings() -> [Compression; 2] {
    [Compression::Gzip, Compression::Zstd]
}

fn utf16(text: &str, order: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(order).collect()
}

#[track_caller]
fn check(file: &[u8], text: &str) {
    let outcome = read_every_way(None, None, file);
    assert_eq!(outcome, (text.as_bytes().to_vec(), None));
}

#[test]
fn every_compression_and_encoding_is_found_and_read() {
    let marked = format!("\u{FEFF}{TEXT}");
    let windows = encoding_rs::WINDOWS_1252.encode(TEXT).0.into_owned();
    let files = [
        (TEXT.as_bytes().to_vec(), TEXT),
        (marked.as_bytes().to_vec(), marked.as_str()),
        (utf16(TEXT, u16::to_le_bytes), TEXT),
        (utf16(TEXT, u16::to_be_bytes), TEXT),
        (utf16(&marked, u16::to_le_bytes), &marked),
        (utf16(&marked, u16::to_be_bytes), &marked),
        (windows, TEXT),
        (Vec::new(), ""),
    ];
    for (file, text) in files {
        // The sample has to reach the first character beyond ASCII.
        let limits = Limits {
            detect_bytes: 64,
            ..SMALL
        };
        for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
            let file = pack(compression, &file);
            let mut input = Input::new(None, None, limits);
            input.push(Bytes::copy_from_slice(&file));
            let (out, error) = read(input, []);
            assert_eq!((out.as_slice(), error), (text.as_bytes(), None));
            let input = || Input::new(None, None, limits);
            assert_eq!(read(input(), file.chunks(1)).0, out);
            for at in 0..file.len() {
                let (left, right) = file.split_at(at);
                assert_eq!(read(input(), [left, right]), (out.clone(), None));
            }
        }
    }
}

#[test]
fn what_was_found_is_told() {
    let mut input = Input::new(None, None, Limits::default());
    input.push(Bytes::from(pack(Compression::Gzip, b"caf\xE9 cr\xE8me\n")));
    assert_eq!((input.next_piece(), input.encoding()), (Ok(None), None));
    assert_eq!(input.finish(), Ok(Some(Bytes::from("café crème\n"))));
    assert_eq!(input.compression(), Some(Compression::Gzip));
    let detected = input.encoding().unwrap();
    assert_eq!(
        (detected.encoding, detected.given),
        (Encoding::WINDOWS_1252, false)
    );

    let input = Input::new(
        Some(Compression::None),
        Some(Encoding::Utf8),
        Limits::default(),
    );
    assert_eq!(input.compression(), Some(Compression::None));
    assert!(input.encoding().unwrap().given);
}

#[test]
fn plain_text_is_handed_on_without_a_copy() {
    let file = Bytes::from(vec![b'x'; 3000]);
    let mut input = Input::new(Some(Compression::None), Some(Encoding::Utf8), SMALL);
    input.push(file.clone());
    let mut at = 0;
    while let Some(piece) = input.next_piece().unwrap() {
        assert_eq!(piece.as_ptr(), file[at..].as_ptr());
        assert!(piece.len() <= SMALL.piece_bytes);
        at += piece.len();
    }
    assert_eq!(at, file.len());
}

#[test]
fn members_and_frames_follow_one_another() {
    for compression in packings() {
        let mut file = pack(compression, b"a,b\n");
        file.extend(pack(compression, b""));
        file.extend(pack(compression, b"1,2\n"));
        check(&file, "a,b\n1,2\n");
    }
}

#[test]
fn frames_to_be_skipped_are_skipped() {
    let skipped = b"\x5A\x2A\x4D\x18\x03\0\0\0xyz";
    let mut file = skipped.to_vec();
    file.extend(pack(Compression::Zstd, b"a,b\n"));
    file.extend_from_slice(skipped);
    file.extend_from_slice(b"\x50\x2A\x4D\x18\0\0\0\0");
    file.extend(pack(Compression::Zstd, b"1,2\n"));
    check(&file, "a,b\n1,2\n");
}

#[test]
fn zeros_after_gzip_are_padding() {
    let mut file = pack(Compression::Gzip, b"a,b\n");
    let end = file.len();
    file.resize(end + 40, 0);
    check(&file, "a,b\n");
    file.push(1);
    let (text, error) = read_every_way(None, None, &file);
    assert_eq!(text, b"a,b\n");
    let offset = end as u64 + 40;
    let compression = Compression::Gzip;
    assert_eq!(
        error,
        Some(Error::TrailingData {
            compression,
            offset
        })
    );
}

#[test]
fn gzip_headers_may_have_names_and_checksums() {
    let plain = pack(Compression::Gzip, b"a,b\n");
    // FHCRC, FEXTRA, FNAME and FCOMMENT, with the checksum of the header.
    let mut file = b"\x1F\x8B\x08\x1E\0\0\0\0\0\x03\x04\0abcdname\0note\0".to_vec();
    let mut crc = flate2::Crc::new();
    crc.update(&file);
    file.extend_from_slice(&crc.sum().to_le_bytes()[..2]);
    file.extend_from_slice(&plain[10..]);
    check(&file, "a,b\n");
}

#[test]
fn data_that_end_early_are_an_error_at_every_place() {
    for compression in packings() {
        let file = pack(compression, TEXT.as_bytes());
        for end in 0..file.len() {
            let (text, error) = read(Input::new(Some(compression), None, SMALL), [&file[..end]]);
            assert!(TEXT.as_bytes().starts_with(&text));
            let offset = end as u64;
            assert_eq!(
                error,
                Some(Error::Truncated {
                    compression,
                    offset
                }),
                "cut at {end}"
            );
        }
    }
}

#[test]
fn damaged_data_are_an_error() {
    let long = TEXT.repeat(50);
    for compression in packings() {
        let file = pack(compression, long.as_bytes());
        for at in 0..file.len() {
            let mut damaged = file.clone();
            damaged[at] ^= 0x10;
            let (text, error) = read(Input::new(Some(compression), None, SMALL), [&damaged[..]]);
            // Some bits mean nothing to the text, such as the time in the header of gzip.
            assert!(
                error.is_some() || text == long.as_bytes(),
                "{compression} at {at}"
            );
        }
    }
}

#[test]
fn every_checksum_is_checked() {
    for compression in packings() {
        let mut file = pack(compression, TEXT.as_bytes());
        let checksum = match compression {
            Compression::Gzip => file.len() - 8,
            _ => file.len() - 4,
        };
        file[checksum] ^= 1;
        for at in 0..file.len() {
            let (left, right) = file.split_at(at);
            let (text, error) = read(Input::new(None, None, SMALL), [left, right]);
            assert!(TEXT.as_bytes().starts_with(&text));
            assert!(matches!(error, Some(Error::Corrupt { .. })), "{error:?}");
        }
    }
}

#[test]
fn what_follows_packed_data_is_an_error() {
    for compression in packings() {
        let packed = pack(compression, b"a,b\n");
        let offset = packed.len() as u64;
        // The last ones look like the next member or frame at first.
        for tail in [
            &b"x"[..],
            b"1,2\n",
            b"\x1F",
            b"\x1Fx",
            b"\x28\xB5\x2Fx",
            b"\x28\xB5",
        ] {
            let file = [&packed[..], tail].concat();
            let (text, error) = read_every_way(None, None, &file);
            assert_eq!(text, b"a,b\n");
            let expected = match error {
                Some(Error::Truncated { .. }) => Error::Truncated {
                    compression,
                    offset: file.len() as u64,
                },
                _ => Error::TrailingData {
                    compression,
                    offset,
                },
            };
            assert_eq!(error, Some(expected), "{}", tail.escape_ascii());
        }
    }
}

#[test]
fn a_compression_that_was_set_has_to_be_there() {
    for compression in packings() {
        let (text, error) = read_every_way(Some(compression), None, b"a,b\n");
        assert_eq!(
            (text.len(), error),
            (0, Some(Error::NotPacked { compression }))
        );
    }
    let gzip = pack(Compression::Gzip, b"a,b\n");
    let (_, error) = read(
        Input::new(Some(Compression::Zstd), None, SMALL),
        [&gzip[..]],
    );
    let compression = Compression::Zstd;
    assert_eq!(error, Some(Error::NotPacked { compression }));
}

#[test]
fn foreign_files_are_refused_packed_or_not() {
    let foreign = |foreign| Some(Error::Foreign { foreign });
    let rar = b"Rar!\x1A\x07rest of an archive".to_vec();
    let twice = pack(Compression::Gzip, &pack(Compression::Zstd, b"a,b\n"));
    let inside = pack(Compression::Gzip, &rar);
    for (file, expected) in [
        (rar, foreign(Foreign::Rar)),
        (inside, foreign(Foreign::Rar)),
        (twice, foreign(Foreign::PackedTwice)),
    ] {
        assert_eq!(read_every_way(None, None, &file), (Vec::new(), expected));
    }
}

#[test]
fn pieces_are_bounded_however_much_the_data_unpack_to() {
    for compression in packings() {
        let file = pack(compression, &vec![b'x'; 1 << 20]);
        let mut input = Input::new(
            None,
            None,
            Limits {
                detect_bytes: 0,
                ..SMALL
            },
        );
        input.push(Bytes::from(file));
        let mut bytes = 0;
        while let Some(piece) = input.finish().unwrap() {
            assert!(piece.len() <= SMALL.piece_bytes);
            bytes += piece.len();
        }
        assert_eq!(bytes, 1 << 20);
    }
}

/// Reads what unpacks to `bytes` zeros with a limit, and gives how many came out.
fn expand(file: &[u8], max_expansion: u32) -> (u64, Option<Error>) {
    let limits = Limits {
        max_expansion,
        ..Limits::default()
    };
    let mut input = Input::new(None, Some(Encoding::Utf8), limits);
    input.push(Bytes::copy_from_slice(file));
    let mut bytes = 0;
    loop {
        match input.finish() {
            Ok(Some(piece)) => bytes += piece.len() as u64,
            Ok(None) => return (bytes, None),
            Err(error) => return (bytes, Some(error)),
        }
    }
}

#[test]
fn bombs_are_refused_from_the_judged_size_on() {
    for compression in packings() {
        let zeros = |bytes: u64| vec![0; usize::try_from(bytes).unwrap()];
        let packed = |bytes: u64| pack_at(compression, Some(9), &zeros(bytes));
        // Up to the size that is judged, any proportion will do.
        let at = packed(JUDGED_FROM_BYTES);
        assert_eq!(expand(&at, 1), (JUDGED_FROM_BYTES, None));
        let above = packed(JUDGED_FROM_BYTES + 1);
        let (bytes, error) = expand(&above, 1);
        assert!(bytes <= JUDGED_FROM_BYTES + 1);
        assert!(matches!(error, Some(Error::TooExpansive { limit: 1, .. })));
        // Above it, the limit is that of the caller.
        let large = packed(JUDGED_FROM_BYTES * 2);
        let ratio = u32::try_from(JUDGED_FROM_BYTES * 2 / large.len() as u64).unwrap();
        assert!(matches!(
            expand(&large, ratio * 9 / 10).1,
            Some(Error::TooExpansive { .. })
        ));
        assert_eq!(
            expand(&large, ratio * 11 / 10),
            (JUDGED_FROM_BYTES * 2, None)
        );
        assert!(matches!(
            expand(&large, 500).1,
            Some(Error::TooExpansive { .. })
        ));
    }
}

/// A zstd file with a window of a power of two of bytes.
fn with_window(log: u32, text: &[u8]) -> Vec<u8> {
    use zstd_safe::{CCtx, CParameter, InBuffer, OutBuffer, zstd_sys::ZSTD_EndDirective};
    let mut context = CCtx::create();
    context.set_parameter(CParameter::WindowLog(log)).unwrap();
    // Without the size in the frame the window stands there.
    let mut file = Vec::with_capacity(1 << 16);
    let mut room = OutBuffer::around(&mut file);
    for (text, directive) in [
        (text, ZSTD_EndDirective::ZSTD_e_flush),
        (&b""[..], ZSTD_EndDirective::ZSTD_e_end),
    ] {
        let mut input = InBuffer::around(text);
        assert_eq!(
            context.compress_stream2(&mut room, &mut input, directive),
            Ok(0)
        );
    }
    file
}

#[test]
fn windows_above_the_limit_are_refused() {
    for log in [19, 20, 21] {
        let file = with_window(log, b"a,b\n");
        let limits = Limits {
            max_window_log: 20,
            ..SMALL
        };
        let outcome = read(Input::new(None, None, limits), [&file[..]]);
        match outcome {
            (text, None) => assert!(log <= 20 && text == b"a,b\n"),
            (_, Some(error)) => {
                assert!(
                    log == 21
                        && matches!(
                            error,
                            Error::WindowTooLarge {
                                limit: 0x10_0000,
                                ..
                            }
                        )
                );
            }
        }
    }
    assert_eq!(
        read(
            Input::new(None, None, Limits::default()),
            [&with_window(27, b"x")[..]]
        ),
        (b"x".to_vec(), None)
    );
    assert!(
        read(
            Input::new(None, None, Limits::default()),
            [&with_window(28, b"x")[..]]
        )
        .1
        .is_some()
    );
}

#[test]
fn text_that_is_not_valid_is_an_error_with_its_place() {
    let le = |units: &[u16]| {
        units
            .iter()
            .flat_map(|unit| unit.to_le_bytes())
            .collect::<Vec<_>>()
    };
    let letters = [97, 98, 99, 44];
    let cases: [(Encoding, Vec<u8>, &str, u64); 8] = [
        (
            Encoding::Utf16Le,
            [le(&letters), vec![97]].concat(),
            "abc,",
            8,
        ),
        (Encoding::Utf16Le, le(&[97, 0xD800]), "a", 2),
        (Encoding::Utf16Le, le(&[97, 0xD800, 98]), "a", 2),
        (Encoding::Utf16Le, le(&[97, 0xDC00, 98]), "a", 2),
        (Encoding::Utf16Le, le(&[97, 0xD83D, 0xD83D, 0xDE00]), "a", 2),
        (Encoding::Utf16Be, vec![0, 97, 0xDC, 0, 0, 98], "a", 2),
        (
            Encoding::from_name("shift_jis").unwrap(),
            b"ab\x81".to_vec(),
            "ab",
            2,
        ),
        (
            Encoding::from_name("gbk").unwrap(),
            b"ab\xFF,".to_vec(),
            "ab",
            2,
        ),
    ];
    for (encoding, file, text, offset) in cases {
        let (out, error) = read_every_way(Some(Compression::None), Some(encoding), &file);
        assert_eq!(out, text.as_bytes());
        assert_eq!(
            error,
            Some(Error::InvalidText { encoding, offset }),
            "{file:?}"
        );
    }
}

#[test]
fn every_byte_of_windows_1252_is_read_and_written_back() {
    let file: Vec<u8> = (0..=255).collect();
    let encoding = Encoding::WINDOWS_1252;
    let (text, error) = read_every_way(Some(Compression::None), Some(encoding), &file);
    assert_eq!(error, None);
    let text = String::from_utf8(text).unwrap();
    assert_eq!(text.chars().count(), 256);
    assert!(text.contains("\u{81}‚ƒ"));
    let mut output = Output::new(Packing::default(), encoding).unwrap();
    assert_eq!(output.push(Bytes::from(text)).unwrap(), file);
}

#[test]
fn a_mark_in_the_other_order_is_an_error() {
    let file = utf16("\u{FEFF}a,b\n", u16::to_be_bytes);
    let (encoding, found) = (Encoding::Utf16Le, Encoding::Utf16Be);
    let outcome = read_every_way(Some(Compression::None), Some(encoding), &file);
    assert_eq!(
        outcome,
        (Vec::new(), Some(Error::OtherByteOrder { encoding, found }))
    );
    assert_eq!(
        Error::OtherByteOrder { encoding, found }.to_string(),
        "the text begins with the byte order mark of utf-16be, not utf-16le; choose utf-16be"
    );
}

#[test]
fn a_damaged_file_gives_its_sample_first() {
    let mut file = pack(Compression::Gzip, TEXT.as_bytes());
    file.truncate(file.len() - 1);
    let (text, error) = read(Input::new(None, None, Limits::default()), [&file[..]]);
    assert_eq!(text, TEXT.as_bytes());
    assert!(matches!(error, Some(Error::Truncated { .. })));
}

proptest! {
    #[test]
    fn any_bytes_neither_panic_nor_depend_on_the_way_they_come(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        start in 0..4_usize,
        at in 0..200_usize,
    ) {
        let start: &[u8] = match start {
            0 => b"",
            1 => b"\x1F\x8B\x08\0\0\0\0\0\0\x03",
            2 => b"\x28\xB5\x2F\xFD",
            _ => b"\xFF\xFE",
        };
        let file = [start, &bytes].concat();
        let (left, right) = file.split_at(at.min(file.len()));
        let whole = read(Input::new(None, None, SMALL), [&file[..]]);
        let split = read(Input::new(None, None, SMALL), [left, right]);
        prop_assert_eq!(whole.1.is_some(), split.1.is_some());
        // How far damaged data are unpacked depends on how they come.
        if !matches!(whole.1, Some(Error::Corrupt { .. })) {
            prop_assert_eq!(whole.0, split.0);
        }
    }

    #[test]
    fn what_is_packed_is_unpacked(
        text in prop::collection::vec(any::<u8>(), 0..5000),
        repeat in 1..20_usize,
        gzip in any::<bool>(),
        cuts in prop::collection::vec(1..3000_usize, 0..10),
    ) {
        let compression = if gzip { Compression::Gzip } else { Compression::Zstd };
        let text = text.repeat(repeat);
        let file = pack(compression, &text);
        let mut rest = file.as_slice();
        let mut chunks = Vec::new();
        for cut in cuts {
            let (left, right) = rest.split_at(cut.min(rest.len()));
            chunks.push(left);
            rest = right;
        }
        chunks.push(rest);
        let outcome = read(Input::new(None, Some(Encoding::Utf8), SMALL), chunks);
        prop_assert_eq!(outcome, (text, None));
    }
}

fn bzip2(text: &[u8]) -> Vec<u8> {
    let mut packed = Vec::with_capacity(text.len() + 1_000);
    let mut bzip2 = bzip2::Compress::new(bzip2::Compression::fast(), 30);
    let status = bzip2.compress_vec(text, &mut packed, bzip2::Action::Finish);
    assert_eq!(status.unwrap(), bzip2::Status::StreamEnd);
    packed
}

fn xz(text: &[u8]) -> Vec<u8> {
    let mut packed =
        lzma_rust2::XzWriter::new(Vec::new(), lzma_rust2::XzOptions::with_preset(1)).unwrap();
    packed.write_all(text).unwrap();
    packed.finish().unwrap()
}

/// How a file stands in an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Stored,
    Deflated,
    /// The sizes stand behind the file, with a signature or without.
    Streamed(bool),
    /// The same with sizes of 8 bytes.
    Long(bool),
}

/// A file in an archive, with its header.
fn member(name: &str, text: &[u8], form: Form) -> Vec<u8> {
    let mut deflate = flate2::Compress::new(flate2::Compression::default(), false);
    let mut packed = Vec::with_capacity(text.len() + 1_000);
    deflate
        .compress_vec(text, &mut packed, flate2::FlushCompress::Finish)
        .unwrap();
    if form == Form::Stored {
        packed = text.to_vec();
    }
    let mut crc = flate2::Crc::new();
    crc.update(text);
    let is_long = matches!(form, Form::Long(_));
    let is_streamed = is_long || matches!(form, Form::Streamed(_));
    let size = |length: usize| u32::try_from(length).unwrap().to_le_bytes();
    let sizes = match is_streamed {
        true => [0; 12].to_vec(),
        false => [
            crc.sum().to_le_bytes(),
            size(packed.len()),
            size(text.len()),
        ]
        .concat(),
    };
    let mut file = b"PK\x03\x04\x14\0".to_vec();
    file.extend([
        if is_streamed { 8 } else { 0 },
        0,
        if form == Form::Stored { 0 } else { 8 },
        0,
    ]);
    file.extend([0; 4]);
    file.extend(sizes);
    file.extend([
        u8::try_from(name.len()).unwrap(),
        0,
        if is_long { 20 } else { 0 },
        0,
    ]);
    file.extend(name.as_bytes());
    if is_long {
        file.extend([1, 0, 16, 0]);
        file.extend([0; 16]);
    }
    file.extend(&packed);
    if let Form::Streamed(is_signed) | Form::Long(is_signed) = form {
        if is_signed {
            file.extend(b"PK\x07\x08");
        }
        file.extend(crc.sum().to_le_bytes());
        for length in [packed.len(), text.len()] {
            file.extend(size(length));
            if is_long {
                file.extend([0; 4]);
            }
        }
    }
    file
}

/// What stands behind the files of an archive.
const DIRECTORY: &[u8] = b"PK\x01\x02\x14\0PPKPK\x05PK\x05\x06\0\0\0\0 a comment";

fn zip(members: &[Vec<u8>]) -> Vec<u8> {
    [members.concat().as_slice(), DIRECTORY].concat()
}

#[test]
fn bzip2_xz_and_zip_are_read() {
    let (left, right) = TEXT.as_bytes().split_at(11);
    let table = |form| member("a.csv", TEXT.as_bytes(), form);
    let passed = |name| member(name, b"junk", Form::Streamed(true));
    let padded = [xz(left), vec![0; 8], xz(right), vec![0; 4]].concat();
    for file in [
        bzip2(TEXT.as_bytes()),
        [bzip2(left), bzip2(b""), bzip2(right)].concat(),
        xz(TEXT.as_bytes()),
        padded,
        zip(&[table(Form::Stored)]),
        zip(&[table(Form::Deflated)]),
        zip(&[table(Form::Streamed(true))]),
        zip(&[table(Form::Streamed(false))]),
        zip(&[table(Form::Long(true))]),
        zip(&[table(Form::Long(false))]),
        zip(&[
            passed("data/"),
            table(Form::Stored),
            passed("__MACOSX/._a.csv"),
        ]),
    ] {
        check(&file, TEXT);
    }
    check(&bzip2(b""), "");
    check(&xz(b""), "");
    check(&zip(&[member("a.csv", b"", Form::Stored)]), "");
    // UTF-16 within, and more than a piece.
    let long = TEXT.repeat(500);
    check(
        &bzip2(&utf16(&format!("\u{FEFF}{TEXT}"), u16::to_le_bytes)),
        &format!("\u{FEFF}{TEXT}"),
    );
    for file in [
        bzip2(long.as_bytes()),
        xz(long.as_bytes()),
        zip(&[member("a", long.as_bytes(), Form::Deflated)]),
        zip(&[member("a", long.as_bytes(), Form::Stored)]),
    ] {
        for length in [1, 7, 4_096, 1 << 20] {
            let input = Input::new(None, None, SMALL);
            assert_eq!(
                read(input, file.chunks(length)),
                (long.clone().into_bytes(), None)
            );
        }
    }
}

#[test]
fn bzip2_xz_and_zip_that_are_cut_off_or_damaged_are_refused() {
    for (compression, file) in [
        (Compression::Bzip2, bzip2(TEXT.as_bytes())),
        (Compression::Xz, xz(TEXT.as_bytes())),
        (
            Compression::Zip,
            zip(&[member("a", TEXT.as_bytes(), Form::Deflated)]),
        ),
        (
            Compression::Zip,
            zip(&[member("a", TEXT.as_bytes(), Form::Streamed(true))]),
        ),
    ] {
        let needed = match compression {
            Compression::Zip => file.len() - b"\0\0\0\0 a comment".len(),
            _ => file.len(),
        };
        for end in 12..needed {
            let input = Input::new(Some(compression), None, SMALL);
            let (_, error) = read(input, [&file[..end]]);
            let truncated = Some(Error::Truncated {
                compression,
                offset: end as u64,
            });
            assert_eq!(error, truncated, "{compression} {end}");
        }
        let mut damages = 0;
        for place in 40..needed.min(file.len() - 4) {
            let mut damaged = file.clone();
            damaged[place] ^= 0x10;
            // libbz2 sees it sooner or later, by how much it is given at once.
            let input = Input::new(Some(compression), None, SMALL);
            let (text, error) = read(input, [damaged.as_slice()]);
            // Some bytes of an archive say nothing that matters.
            assert!(
                error.is_some() || text == TEXT.as_bytes(),
                "{compression} {place}"
            );
            damages += usize::from(error.is_some());
        }
        assert!(damages > 20, "{compression}: {damages}");
    }
    for (compression, mut file) in [
        (Compression::Bzip2, bzip2(b"a\n1\n")),
        (Compression::Xz, xz(b"a\n1\n")),
    ] {
        let offset = file.len() as u64;
        file.extend_from_slice(b"BZ? or xz?");
        let (_, error) = read_every_way(None, None, &file);
        let trailing = Error::TrailingData {
            compression,
            offset,
        };
        assert_eq!(error, Some(trailing));
        let input = Input::new(Some(compression), None, SMALL);
        assert_eq!(
            read(input, [&b"a,b\n"[..]]).1,
            Some(Error::NotPacked { compression })
        );
    }
}

#[test]
fn archives_of_several_files_or_none_are_refused() {
    let file = |name| member(name, b"a\n", Form::Deflated);
    let refused = |file: &[u8]| read_every_way(None, None, file).1.unwrap();
    let several = refused(&zip(&[file("jan.csv"), file("feb.csv"), file("mar.csv")]));
    assert_eq!(
        several.to_string(),
        "the zip archive has more than one file: `jan.csv`, `feb.csv`; send the one that is meant, or an archive of it \
         alone"
    );
    assert_eq!(refused(&zip(&[file("empty/")])), Error::EmptyArchive);
    assert_eq!(refused(b"PK\x05\x06\0\0\0\0\0\0"), Error::EmptyArchive);
    // Of OpenDocument only what is no workbook.
    let office = Error::Foreign {
        foreign: Foreign::Office,
    };
    assert_eq!(refused(&zip(&[file("mimetype")])), office);
    let mut encrypted = zip(&[file("a")]);
    encrypted[6] |= 1;
    assert_eq!(refused(&encrypted), Error::Encrypted);
    let mut other = zip(&[file("a")]);
    other[8] = 14;
    assert!(matches!(refused(&other), Error::OtherMethod));
    let mut unsized_one = zip(&[member("a", b"a\n", Form::Stored)]);
    unsized_one[6] |= 8;
    assert!(matches!(refused(&unsized_one), Error::NotStreamed));
    let packed = refused(&zip(&[member(
        "a.gz",
        &pack(Compression::Gzip, b"a\n"),
        Form::Stored,
    )]));
    let twice = Foreign::PackedTwice;
    assert_eq!(packed, Error::Foreign { foreign: twice });
}

#[test]
fn what_unpacks_without_end_is_stopped() {
    let zeros = vec![0; usize::try_from(JUDGED_FROM_BYTES).unwrap() + (1 << 20)];
    for (compression, file) in [
        (Compression::Bzip2, bzip2(&zeros)),
        (Compression::Xz, xz(&zeros)),
        (
            Compression::Zip,
            zip(&[member("a", &zeros, Form::Streamed(true))]),
        ),
    ] {
        let input = Input::new(None, Some(Encoding::Utf8), Limits::default());
        let (_, error) = read(input, [file.as_slice()]);
        assert!(
            matches!(error, Some(Error::TooExpansive { .. })),
            "{compression}: {error:?}"
        );
    }
    // What is passed over counts too.
    let passed = zip(&[
        member("__MACOSX/x", &zeros, Form::Deflated),
        member("a", b"a\n", Form::Stored),
    ]);
    let (_, error) = read(Input::new(None, None, SMALL), [passed.as_slice()]);
    assert!(error.is_some());
}

#[test]
fn xz_takes_no_more_memory_than_it_may() {
    let mut options = lzma_rust2::XzOptions::with_preset(1);
    options.lzma_options.dict_size = 32 << 20;
    let mut packed = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
    packed.write_all(TEXT.as_bytes()).unwrap();
    let file = packed.finish().unwrap();
    let limits = |max_window_log| Limits {
        max_window_log,
        ..SMALL
    };
    let input = Input::new(None, None, limits(25));
    assert_eq!(
        read(input, [file.as_slice()]),
        (TEXT.as_bytes().to_vec(), None)
    );
    let (_, error) = read(Input::new(None, None, limits(24)), [file.as_slice()]);
    assert!(
        matches!(
            error,
            Some(Error::WindowTooLarge {
                limit: 0x100_0000,
                ..
            })
        ),
        "{error:?}"
    );
}
