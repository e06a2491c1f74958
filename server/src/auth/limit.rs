//! How often each caller may call.
//!
//! The layer in `rpc` asks before each request: by subject once a caller is known, by address for
//! those that fail to show who they are. Memory is bounded: the callers that were longest silent are
//! forgotten first.

use std::{
    net::{IpAddr, Ipv6Addr},
    num::{NonZeroU32, NonZeroUsize},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::NoOpMiddleware,
    state::{InMemoryState, NotKeyed},
};
use lru::LruCache;

/// How often each caller may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests per second in the long run.
    pub per_second: NonZeroU32,
    /// Requests at once after a pause.
    pub burst: NonZeroU32,
    /// How many callers are remembered.
    pub max_callers: NonZeroUsize,
}

/// Whose requests are counted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Caller {
    /// A principal, by its subject.
    Subject(Box<str>),
    /// An address; of IPv6 the network of 64 bits that one host can choose from.
    Address(IpAddr),
}

impl Caller {
    /// The caller with this subject.
    pub fn subject(subject: &str) -> Self {
        Self::Subject(subject.into())
    }

    /// The caller at this address.
    pub fn address(address: IpAddr) -> Self {
        Self::Address(network(address))
    }
}

/// What one host has for itself: an IPv4 address, or an IPv6 network of 64 bits, from which a host may
/// choose any address.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from(u128::from(address) & (u128::MAX << 64)).into(),
    }
}

/// The caller has called too often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many requests: {per_second} each second are allowed, try again in {} ms", retry_after.as_millis())]
pub struct TooMany {
    /// The limit.
    pub per_second: u32,
    /// When the next request will be allowed.
    pub retry_after: Duration,
}

type Direct<C> = RateLimiter<NotKeyed, InMemoryState, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// Counts the requests of callers.
#[derive(Debug)]
pub struct Limiter<C: Clock = DefaultClock> {
    limit: RateLimit,
    clock: C,
    callers: Mutex<LruCache<Caller, Arc<Direct<C>>>>,
}

impl Limiter {
    /// A limiter that knows nobody yet.
    pub fn new(limit: RateLimit) -> Self {
        Self::with_clock(limit, DefaultClock::default())
    }
}

impl<C: Clock + Clone> Limiter<C> {
    fn with_clock(limit: RateLimit, clock: C) -> Self {
        let callers = Mutex::new(LruCache::new(limit.max_callers));
        Self {
            limit,
            clock,
            callers,
        }
    }

    /// Counts one request.
    ///
    /// # Errors
    ///
    /// The caller has none left.
    pub fn check(&self, caller: Caller) -> Result<(), TooMany> {
        let now = self.clock.now();
        self.of(caller).check().map_err(|until| TooMany {
            per_second: self.limit.per_second.get(),
            retry_after: until.wait_time_from(now),
        })
    }

    fn of(&self, caller: Caller) -> Arc<Direct<C>> {
        let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || {
            let quota = Quota::per_second(self.limit.per_second).allow_burst(self.limit.burst);
            Arc::new(RateLimiter::direct_with_clock(quota, self.clock.clone()))
        };
        Arc::clone(callers.get_or_insert(caller, new))
    }
}

#[cfg(test)]
mod tests {
    use std::{
        num::{NonZeroU32, NonZeroUsize},
        time::Duration,
    };

    use governor::clock::FakeRelativeClock;

    use super::{Caller, Limiter, RateLimit};

    fn limiter(per_second: u32, burst: u32, callers: usize) -> Limiter<FakeRelativeClock> {
        let limit = RateLimit {
            per_second: NonZeroU32::new(per_second).unwrap(),
            burst: NonZeroU32::new(burst).unwrap(),
            max_callers: NonZeroUsize::new(callers).unwrap(),
        };
        Limiter::with_clock(limit, FakeRelativeClock::default())
    }

    #[test]
    fn a_caller_that_calls_too_often_is_told_when_to_come_back() {
        let limiter = limiter(2, 3, 10);
        for _ in 0..3 {
            limiter.check(Caller::subject("alice")).unwrap();
        }
        let refused = limiter.check(Caller::subject("alice")).unwrap_err();
        assert_eq!(refused.retry_after, Duration::from_millis(500));
        assert_eq!(
            refused.to_string(),
            "too many requests: 2 each second are allowed, try again in 500 ms"
        );
        limiter.check(Caller::subject("bob")).unwrap();
        limiter.clock.advance(Duration::from_millis(500));
        limiter.check(Caller::subject("alice")).unwrap();
        limiter.check(Caller::subject("alice")).unwrap_err();
    }

    #[test]
    fn the_number_of_callers_is_bounded() {
        let limiter = limiter(1, 1, 100);
        for number in 0..10_000 {
            limiter.check(Caller::subject(&number.to_string())).unwrap();
        }
        assert_eq!(limiter.callers.lock().unwrap().len(), 100);
    }

    #[test]
    fn addresses_of_one_host_count_together() {
        let same = |left: &str, right: &str| {
            Caller::address(left.parse().unwrap()) == Caller::address(right.parse().unwrap())
        };
        assert!(same("2001:db8::1", "2001:db8::ffff:1"));
        assert!(!same("2001:db8::1", "2001:db8:0:1::1"));
        assert!(same("10.0.0.1", "::ffff:10.0.0.1"));
        assert!(!same("10.0.0.1", "10.0.0.2"));
    }
}
