//! Text in every encoding and compression, pushed whole, byte by byte and cut in two at each place.

use bytes::Bytes;
use proptest::prelude::{any, prop_assert_eq, proptest};

use super::{Output, Packing};
use crate::codec::{Compression, Encoding, Error, Input, Limits, Result};

const TEXT: &str = "id,name\n1,Zoë\n2,“€”\n3,Ÿ\n";

fn write<'a>(
    packing: Packing,
    encoding: Encoding,
    texts: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Vec<u8>> {
    let mut output = Output::new(packing, encoding)?;
    let mut file = Vec::new();
    for text in texts {
        file.extend_from_slice(&output.push(Bytes::copy_from_slice(text))?);
    }
    file.extend_from_slice(&output.finish()?);
    Ok(file)
}

/// Writes in every way and checks that all of them agree.
fn write_every_way(encoding: Encoding, text: &[u8]) -> Result<Vec<u8>> {
    let plain = Packing::default();
    let whole = write(plain, encoding, [text]);
    assert_eq!(write(plain, encoding, text.chunks(1)), whole);
    for at in 0..=text.len() {
        let (left, right) = text.split_at(at);
        assert_eq!(
            write(plain, encoding, [left, right]),
            whole,
            "split at {at}"
        );
    }
    whole
}

fn read(file: &[u8], encoding: Option<Encoding>) -> Vec<u8> {
    let mut input = Input::new(None, encoding, Limits::default());
    input.push(Bytes::copy_from_slice(file));
    let mut text = Vec::new();
    while let Some(piece) = input.finish().unwrap() {
        text.extend_from_slice(&piece);
    }
    text
}

#[test]
fn text_stands_in_the_file_as_the_encoding_says() {
    let cases: [(Encoding, &[u8]); 6] = [
        (Encoding::Utf8, b"a\xC3\xAB\xF0\x9F\x98\x80"),
        (Encoding::Utf8Bom, b"\xEF\xBB\xBFa\xC3\xAB\xF0\x9F\x98\x80"),
        (Encoding::Utf16Le, b"\xFF\xFEa\0\xEB\0\x3D\xD8\x00\xDE"),
        (Encoding::Utf16Be, b"\xFE\xFF\0a\0\xEB\xD8\x3D\xDE\x00"),
        (
            Encoding::from_name("gb18030").unwrap(),
            b"a\x81\x30\x8A\x30\x94\x39\xFC\x36",
        ),
        (
            Encoding::from_name("utf-8").unwrap(),
            b"a\xC3\xAB\xF0\x9F\x98\x80",
        ),
    ];
    for (encoding, file) in cases {
        let written = write_every_way(encoding, "aë😀".as_bytes()).unwrap();
        // Other ways of writing it in GB 18030 are as good.
        let is_gb = matches!(encoding, Encoding::Legacy(_));
        assert!(
            written == file || is_gb,
            "{encoding}: {}",
            written.escape_ascii()
        );
        let text = read(&written, Some(encoding));
        let text = text.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(&text);
        assert_eq!(text, "aë😀".as_bytes());
    }
}

#[test]
fn an_empty_file_has_its_mark() {
    let plain = Packing::default();
    for (encoding, mark) in [
        (Encoding::Utf8, &b""[..]),
        (Encoding::Utf8Bom, b"\xEF\xBB\xBF"),
        (Encoding::Utf16Le, b"\xFF\xFE"),
        (Encoding::WINDOWS_1252, b""),
    ] {
        assert_eq!(write(plain, encoding, []).unwrap(), mark);
    }
}

#[test]
fn every_file_is_read_back() {
    let windows = Encoding::WINDOWS_1252;
    for encoding in [
        Encoding::Utf8,
        Encoding::Utf8Bom,
        Encoding::Utf16Le,
        Encoding::Utf16Be,
        windows,
    ] {
        for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
            let packing = Packing::new(compression, None).unwrap();
            let file = write(packing, encoding, [TEXT.as_bytes()]).unwrap();
            let bytewise = write(packing, encoding, TEXT.as_bytes().chunks(1)).unwrap();
            for file in [file, bytewise] {
                let text = read(&file, None);
                let text = text.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(&text);
                assert_eq!(text, TEXT.as_bytes(), "{encoding} {compression}");
            }
        }
    }
}

#[test]
fn a_character_that_the_encoding_lacks_is_an_error() {
    let encoding = Encoding::WINDOWS_1252;
    let error = write_every_way(encoding, "aë,Ł\n".as_bytes()).unwrap_err();
    let expected = Error::CannotEncode {
        character: 'Ł',
        offset: 4,
        encoding,
    };
    assert_eq!(error, expected);
    assert_eq!(
        error.to_string(),
        "`Ł` (U+0141, byte 4 of the output as UTF-8) cannot be written in windows-1252; choose utf-8"
    );
}

#[test]
fn bytes_that_are_no_text_need_utf8() {
    let cases: [(&[u8], u64); 6] = [
        (b"ab\xFFcd", 2),
        (b"ab\xC3", 2),
        (b"\xE2\x82a", 0),
        (b"a\xE2\x82\xC3\xAB", 1),
        (b"\xF0\x9F\x98", 0),
        (b"\xED\xA0\x80", 0),
    ];
    for (text, offset) in cases {
        assert_eq!(write_every_way(Encoding::Utf8, text).unwrap(), text);
        for encoding in [Encoding::Utf16Be, Encoding::WINDOWS_1252] {
            let error = Err(Error::NotText { offset, encoding });
            assert_eq!(
                write_every_way(encoding, text),
                error,
                "{}",
                text.escape_ascii()
            );
        }
    }
}

#[test]
fn utf8_is_handed_on_without_a_copy() {
    let text = Bytes::from_static(b"a,b\n");
    let mut output = Output::new(Packing::default(), Encoding::Utf8).unwrap();
    assert_eq!(output.push(text.clone()).unwrap().as_ptr(), text.as_ptr());
}

#[test]
fn levels_are_checked() {
    let new = |compression, level| Packing::new(compression, Some(level)).map(Packing::level);
    for (compression, least, most) in [
        (Compression::None, 0, 0),
        (Compression::Gzip, 1, Packing::MAX_GZIP_LEVEL),
        (Compression::Zstd, 1, Packing::MAX_ZSTD_LEVEL),
    ] {
        for level in [least, most] {
            assert_eq!(new(compression, level), Ok(level));
            let packing = Packing::new(compression, Some(level)).unwrap();
            let file = write(packing, Encoding::Utf8, [TEXT.as_bytes()]).unwrap();
            assert_eq!(read(&file, None), TEXT.as_bytes());
        }
        for level in [least - 1, most + 1, i32::MIN, i32::MAX] {
            let error = Error::UnknownLevel {
                compression,
                level,
                least,
                most,
            };
            assert_eq!(new(compression, level), Err(error));
        }
    }
    assert_eq!(
        Packing::new(Compression::None, None),
        Ok(Packing::default())
    );
}

proptest! {
    #[test]
    fn any_text_is_read_back(
        text in any::<String>(),
        form in 0..4_usize,
        compression in 0..3_usize,
    ) {
        let names = ["utf-8", "utf-16le", "utf-16be", "gb18030"];
        let encoding = Encoding::from_name(names[form]).unwrap();
        let packing = [Compression::None, Compression::Gzip, Compression::Zstd][compression];
        let packing = Packing::new(packing, None).unwrap();
        let file = write(packing, encoding, text.as_bytes().chunks(7)).unwrap();
        let mut input = Input::new(Some(packing.compression()), Some(encoding), Limits::default());
        input.push(Bytes::from(file));
        let mut out = Vec::new();
        while let Some(piece) = input.finish().unwrap() {
            out.extend_from_slice(&piece);
        }
        if matches!(encoding, Encoding::Utf16Le | Encoding::Utf16Be) {
            out.drain(..3);
        }
        prop_assert_eq!(String::from_utf8(out).unwrap(), text);
    }
}
