//! Reads any bytes as Native blocks: the same whole and in chunks, and every value can be formatted.

#![no_main]

use std::{
    mem::{Discriminant, discriminant},
    slice,
};

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use sluice_fuzz::{Choices, chunks};
use sluice_server::column::{
    format::{CellSink, Formatter},
    reader::{Block, Error, Limits, Reader},
    zone::Zone,
};

/// The text of a block.
#[derive(Debug, Default, Clone, PartialEq)]
struct Text(Vec<u8>);

impl CellSink for Text {
    fn null(&mut self) {
        self.0.push(0);
    }

    fn text(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn plain(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.0);
    }

    fn joined(&mut self, _: usize, _: impl FnOnce(&mut Vec<u8>)) {
        panic!("no joint was given");
    }
}

fn text_of(block: &Block, zone: &Zone) -> Text {
    let mut text = Text::default();
    for column in &block.columns {
        text.text(column.name.as_bytes());
        text.text(column.data_type.to_string().as_bytes());
        let Ok(mut formatter) = Formatter::new(slice::from_ref(&*column.data_type), zone, None)
        else {
            continue;
        };
        let row_count = block.row_count.min(1000);
        let rows = formatter.format(slice::from_ref(column), 0..row_count);
        for index in 0..row_count {
            rows.give(index, &mut text);
        }
    }
    text
}

/// What kind of error it is; where it is noticed may depend on the chunks.
type Kind = Discriminant<Error>;

/// The blocks, and what is wrong with the rest.
fn read<'a>(
    limits: Limits,
    zone: &Zone,
    chunks: impl Iterator<Item = &'a [u8]>,
) -> (Vec<Text>, Option<Kind>) {
    let mut reader = Reader::new(limits);
    let mut blocks = Vec::new();
    for chunk in chunks {
        reader.push(Bytes::copy_from_slice(chunk));
        loop {
            match reader.next_block() {
                Ok(None) => break,
                Ok(Some(block)) => {
                    blocks.push(text_of(&block, zone));
                    reader.recycle(block);
                }
                Err(error) => return (blocks, Some(discriminant(&error))),
            }
        }
    }
    (
        blocks,
        reader.finish().err().map(|error| discriminant(&error)),
    )
}

fuzz_target!(|input: &[u8]| {
    let Some((mut choices, stream)) = Choices::split(input) else {
        return;
    };
    let limits = Limits {
        max_block_bytes: choices.pick(&[1 << 20, 100, 1000]),
    };
    let zone = Zone::named("Europe/Paris").unwrap();
    let whole = read(limits, &zone, [stream].into_iter());
    for lengths in [&[1][..], &[5, 40]] {
        assert_eq!(read(limits, &zone, chunks(stream, lengths)), whole);
    }
});
