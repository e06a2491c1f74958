//! How much of a text is looked at before anything is known of it.
//!
//! `head` asks for it. It must never let the way in which a file comes in chunks show.

use bytes::Bytes;

use super::{
    super::records::{Beginning, Text},
    Feed,
};
use crate::{
    codec::Compression,
    config::TransferConfig,
    csv::sniff::head_bytes,
    task,
    transfer::{Error, FileSpec, Inner, Result, profile},
};

/// Where the bytes of a text come from.
pub(super) struct Source<'a, 'b> {
    pub(super) inner: &'a Inner,
    pub(super) config: &'a TransferConfig,
    pub(super) feed: &'a mut Feed<'b>,
    /// Those that came.
    pub(super) chunks: &'a mut Vec<Bytes>,
}

impl Source<'_, '_> {
    /// Takes more of the file; false when there is no more, though it goes on.
    async fn fill(&mut self, text: &mut Text) -> Result<bool> {
        let goes_on = self.feed.fill(text, self.chunks).await?;
        if text.input().compression() != Some(Compression::Workbook) {
            return Ok(goes_on);
        }
        // It is kept by the input alone, and read from its beginning whenever it is read again.
        self.chunks.clear();
        if !text.has_memory() {
            text.hold(self.inner.workbook_memory(self.config).await?);
        }
        if text.is_unopened_workbook() {
            self.open(text).await?;
        }
        Ok(goes_on)
    }

    /// Looks at a workbook on a thread of its own: that may take seconds.
    async fn open(&self, text: &mut Text) -> Result<()> {
        let mut taken = std::mem::replace(text, Text::plain(self.config));
        let opened = task::spawn_blocking("workbook", move || {
            let opened = taken.open_workbook();
            (taken, opened)
        });
        let opened = opened.await;
        let (taken, opened) =
            opened.map_err(|_| Error::Internal("the thread of a workbook panicked"))?;
        *text = taken;
        opened
    }
}

/// The beginning of a text, long enough to hold some of its table.
#[derive(Debug, Default)]
pub(super) struct Looked {
    pub(super) beginning: Beginning,
    /// Comments, or lines that the caller skips, before everything else.
    pub(super) head_bytes: usize,
    /// How much is looked at at the most.
    byte_count: usize,
}

impl Looked {
    /// Takes `byte_count` bytes, and as many more as comments take up before them.
    pub(super) async fn at(
        text: &mut Text,
        file: &FileSpec,
        byte_count: usize,
        mut from: Source<'_, '_>,
    ) -> Result<Self> {
        let config = from.config;
        let mut looked = Self::default();
        // Nothing is known of a file before its first piece, not even that it is a workbook.
        let mut wanted = byte_count.max(1);
        loop {
            let mut is_over = false;
            while !is_over && !text.look(&mut looked.beginning, wanted)? {
                is_over = !from.fill(text).await?;
            }
            if is_over {
                text.cut_short(&mut looked.beginning)?;
            }
            let beginning = &looked.beginning.text;
            let seen = beginning.get(..wanted).unwrap_or(beginning);
            if byte_count > 0 {
                looked.head_bytes = head_bytes(seen, &file.hints);
            }
            looked.byte_count = looked.head_bytes + byte_count;
            let is_all = is_over || looked.beginning.is_complete;
            if looked.byte_count <= wanted || (is_all && beginning.len() < wanted) {
                let is_hidden =
                    !looked.beginning.is_complete && looked.head_bytes == beginning.len();
                return match is_hidden && byte_count > 0 {
                    true => Err(Error::LongHead {
                        limit: beginning.len(),
                    }),
                    false => Ok(looked),
                };
            }
            if looked.head_bytes > config.max_record_bytes {
                let limit = config.max_record_bytes;
                return Err(Error::LongHead { limit });
            }
            // More at once each time, so that a long head is not looked at again and again.
            wanted = looked.byte_count + looked.head_bytes;
        }
    }

    pub(super) fn sample(&self) -> profile::Sample<'_> {
        self.beginning.sample(self.byte_count)
    }
}
