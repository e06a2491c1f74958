//! Signatures, and texts that begin like them.

use super::{Compression, Foreign, SIGNATURES, detect_compression, refuse_inside};
use crate::codec::Error;

#[test]
fn compressions_are_found_by_content() {
    let cases: [(&[u8], Compression); 16] = [
        (b"", Compression::None),
        (b"\x1F", Compression::None),
        (b"\x1F\x8B", Compression::Gzip),
        (b"\x1F\x8B\x08\0rest", Compression::Gzip),
        (b"\x28\xB5\x2F\xFD", Compression::Zstd),
        (b"\x50\x2A\x4D\x18", Compression::Zstd),
        (b"\x5F\x2A\x4D\x18\0", Compression::Zstd),
        (b"\x60\x2A\x4D\x18\0", Compression::None),
        (b"BZh91AY&SY\x12", Compression::Bzip2),
        (b"BZh1\x17\x72\x45\x38\x50\x90", Compression::Bzip2),
        (b"\xFD7zXZ\0", Compression::Xz),
        (b"\xFD7zXZ", Compression::None),
        (b"PK\x03\x04", Compression::Zip),
        (b"PK\x05\x06\0", Compression::Zip),
        (b"P*M,1\n", Compression::None),
        (b"id,name\n1,a\n", Compression::None),
    ];
    for (prefix, expected) in cases {
        assert_eq!(detect_compression(prefix), Ok(expected), "{prefix:?}");
    }
}

#[test]
fn other_kinds_are_named_and_refused() {
    for (foreign, signature) in SIGNATURES {
        let refused = Err(Error::Foreign { foreign });
        assert_eq!(detect_compression(signature), refused);
        let all_but_one = &signature[..signature.len() - 1];
        assert_eq!(detect_compression(all_but_one), Ok(Compression::None));
    }
    let lz4 = detect_compression(b"\x04\x22\x4D\x18").unwrap_err();
    assert_eq!(
        lz4.to_string(),
        "the file is packed with lz4; unpack it, or pack it with gzip or zstd"
    );
    let mut tar = b"data.csv".to_vec();
    tar.resize(257, 0);
    tar.extend_from_slice(b"ustar\x0000");
    assert_eq!(
        detect_compression(&tar),
        Err(Error::Foreign {
            foreign: Foreign::Tar
        })
    );
    assert_eq!(
        detect_compression(b"ORC\x0A\x03\0\0"),
        Err(Error::Foreign {
            foreign: Foreign::Orc
        })
    );
}

#[test]
fn text_that_begins_like_a_signature_is_text() {
    let texts = [
        "BZh9,b\n",
        "PK,b\n",
        "PAR1,b\n",
        "ORC,b\n",
        "ORC\n1\n",
        "Obj,b\n",
        "7z,b\n",
        "Rar!,b\n",
        "SQLite format 3,b\n",
        "ARROW1,b\n",
        "FEA1,b\n",
    ];
    for text in texts {
        assert_eq!(
            detect_compression(text.as_bytes()),
            Ok(Compression::None),
            "{text}"
        );
    }
}

#[test]
fn what_is_packed_twice_is_refused() {
    let twice = Err(Error::Foreign {
        foreign: Foreign::PackedTwice,
    });
    assert_eq!(refuse_inside(b"\x1F\x8B\x08"), twice);
    assert_eq!(refuse_inside(b"\x28\xB5\x2F\xFD"), twice);
    assert_eq!(refuse_inside(b"\xFD7zXZ\0"), twice);
    assert_eq!(refuse_inside(b"PK\x03\x04"), twice);
    assert_eq!(refuse_inside(b"a,b\n"), Ok(()));
}
