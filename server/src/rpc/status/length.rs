//! Keeps what is told of an error short enough for the headers that it travels in.
//!
//! Part of `rpc::status`. Clients take some 16 KiB of headers, in which a message stands twice and may
//! grow by escapes; an error that quotes what a caller has sent would break the call instead.

/// The longest message, in bytes.
const MESSAGE_BYTES: usize = 2 << 10;

/// The longest variable of a message, in bytes.
const VARIABLE_BYTES: usize = 1 << 10;

/// A message that is short enough.
pub(super) fn message(text: String) -> String {
    cut(text, MESSAGE_BYTES)
}

/// A variable that is short enough.
pub(super) fn variable(text: String) -> String {
    cut(text, VARIABLE_BYTES)
}

fn cut(mut text: String, limit: usize) -> String {
    if text.len() > limit {
        text.truncate(text.floor_char_boundary(limit));
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::message;

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(message("short".to_owned()), "short");
        let cut = message("ü".repeat(2000));
        assert!(cut.len() < 2100 && cut.ends_with("ü…"), "{cut}");
    }
}
