//! What callers have opened lately, so that the next call of an upload does not look up a host, connect
//! and ask for settings again.
//!
//! `connections` asks it. It holds no secret but in what it keeps: an entry is found by a keyed hash. It
//! never keeps anything for longer than its limit, so that a host is judged anew from time to time.

use std::{
    num::NonZeroUsize,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use aws_lc_rs::hmac;
use lru::LruCache;
use uuid::Uuid;

/// How long an entry is good for.
pub(super) const MAX_AGE: Duration = Duration::from_secs(60);

/// The most entries.
const CAPACITY: NonZeroUsize = NonZeroUsize::new(256).unwrap();

/// What an entry is found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key([u8; 32]);

/// What was opened lately.
#[derive(Debug)]
pub(super) struct Recent<T> {
    max_age: Duration,
    /// Of this process alone.
    secret: hmac::Key,
    entries: Mutex<LruCache<Key, Entry<T>>>,
}

#[derive(Debug)]
struct Entry<T> {
    value: T,
    opened: Instant,
}

impl<T: Clone> Recent<T> {
    pub(super) fn new(max_age: Duration) -> Self {
        let secret = [Uuid::new_v4(), Uuid::new_v4()];
        let secret = secret.map(Uuid::into_bytes).concat();
        Self {
            max_age,
            secret: hmac::Key::new(hmac::HMAC_SHA256, &secret),
            entries: Mutex::new(LruCache::new(CAPACITY)),
        }
    }

    /// The key of something that is told apart by `parts`, in their order.
    pub(super) fn key(&self, parts: &[&str]) -> Key {
        let mut context = hmac::Context::with_key(&self.secret);
        for part in parts {
            context.update(&part.len().to_le_bytes());
            context.update(part.as_bytes());
        }
        let mut key = [0; 32];
        key.copy_from_slice(context.sign().as_ref());
        Key(key)
    }

    pub(super) fn get(&self, key: Key) -> Option<T> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let found = entries.get(&key)?;
        (found.opened.elapsed() < self.max_age).then(|| found.value.clone())
    }

    /// Keeps a value, and drops those that are not good any more.
    pub(super) fn put(&self, key: Key, value: T) {
        let opened = Instant::now();
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.put(key, Entry { value, opened });
        while let Some((_, oldest)) = entries.peek_lru()
            && opened.duration_since(oldest.opened) >= self.max_age
        {
            entries.pop_lru();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Recent;

    #[test]
    fn the_same_parts_find_the_same_thing() {
        let recent = Recent::new(Duration::from_secs(60));
        recent.put(recent.key(&["url", "me", "secret"]), 1);
        assert_eq!(recent.get(recent.key(&["url", "me", "secret"])), Some(1));
        for other in [
            &["url", "me", "other"][..],
            &["url", "mes", "ecret"],
            &["url", "me"],
            &["url", "me", "secret", ""],
        ] {
            assert_eq!(recent.get(recent.key(other)), None, "{other:?}");
        }
        assert_ne!(
            recent.key(&["a"]),
            Recent::<u8>::new(Duration::ZERO).key(&["a"])
        );
    }

    #[test]
    fn nothing_is_kept_for_longer_than_the_limit() {
        let recent = Recent::new(Duration::ZERO);
        recent.put(recent.key(&["a"]), 1);
        assert_eq!(recent.get(recent.key(&["a"])), None);
        assert_eq!(recent.entries.lock().unwrap().len(), 0);
    }

    #[test]
    fn the_number_of_entries_is_bounded() {
        let recent = Recent::new(Duration::from_secs(60));
        for number in 0..1000 {
            recent.put(recent.key(&[&number.to_string()]), number);
        }
        assert_eq!(recent.entries.lock().unwrap().len(), 256);
        assert_eq!(recent.get(recent.key(&["999"])), Some(999));
        assert_eq!(recent.get(recent.key(&["1"])), None);
    }
}
