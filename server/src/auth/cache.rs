//! Tokens that were verified, so that each is verified once.
//!
//! `verify` asks it first. It holds no token but the hash of one, forgets the one that was longest
//! unused when it is full, and never answers for a token whose time is over or whose key set has
//! changed.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
};

use aws_lc_rs::digest;
use lru::LruCache;

use super::principal::Principal;

/// SHA-256 of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct TokenHash([u8; 32]);

impl TokenHash {
    pub(super) fn of(token: &str) -> Self {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
        Self(hash)
    }
}

/// A token that was verified.
#[derive(Debug, Clone)]
pub(super) struct Verified {
    /// Whose it is.
    pub principal: Arc<Principal>,
    /// The last second at which it is taken, in seconds since 1970.
    pub usable_until: u64,
    /// The key set that it was verified with.
    pub generation: u64,
}

#[derive(Debug)]
pub(super) struct TokenCache {
    entries: Mutex<LruCache<TokenHash, Verified>>,
}

impl TokenCache {
    pub(super) fn new(capacity: usize) -> Self {
        let capacity = NonZeroUsize::new(capacity).unwrap_or(NonZeroUsize::MIN);
        Self {
            entries: Mutex::new(LruCache::new(capacity)),
        }
    }

    pub(super) fn get(&self, hash: TokenHash, now: u64, generation: u64) -> Option<Arc<Principal>> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let found = entries.get(&hash)?;
        if now <= found.usable_until && found.generation == generation {
            return Some(Arc::clone(&found.principal));
        }
        entries.pop(&hash);
        None
    }

    pub(super) fn put(&self, hash: TokenHash, verified: Verified) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.put(hash, verified);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{TokenCache, TokenHash, Verified};
    use crate::auth::Principal;

    fn verified(usable_until: u64, generation: u64) -> Verified {
        Verified {
            principal: Arc::new(Principal::open()),
            usable_until,
            generation,
        }
    }

    #[test]
    fn a_token_is_remembered_until_its_end() {
        let cache = TokenCache::new(10);
        let hash = TokenHash::of("token");
        cache.put(hash, verified(100, 1));
        assert!(cache.get(hash, 100, 1).is_some());
        assert!(cache.get(TokenHash::of("other"), 100, 1).is_none());
        assert!(cache.get(hash, 101, 1).is_none());
        assert!(cache.get(hash, 100, 1).is_none(), "it was dropped");
    }

    #[test]
    fn a_change_of_keys_forgets_what_was_verified_before() {
        let cache = TokenCache::new(10);
        let hash = TokenHash::of("token");
        cache.put(hash, verified(100, 1));
        assert!(cache.get(hash, 50, 2).is_none());
    }

    #[test]
    fn its_size_is_bounded() {
        let cache = TokenCache::new(100);
        for number in 0..1000 {
            cache.put(TokenHash::of(&number.to_string()), verified(100, 1));
        }
        assert_eq!(cache.entries.lock().unwrap().len(), 100);
        assert!(cache.get(TokenHash::of("999"), 1, 1).is_some());
        assert!(cache.get(TokenHash::of("1"), 1, 1).is_none());
    }
}
