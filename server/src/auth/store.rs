//! The keys in use, and when they are read again.
//!
//! `verify` owns it. Files and addresses are read at the start, at fixed pauses, and when a token names
//! a key that is not known, that at most once in a while: forged key ids must not become load on the
//! issuer. A source that cannot be read keeps its keys until they are too old.

use std::{
    fs,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use tokio::{sync::Mutex, time::Instant};

use super::{
    AuthConfig, KeyError,
    config::{JwksLocation, KeySource},
    fetch::Fetcher,
    keys::{self, KeySet, SourceKeys},
};

#[derive(Debug)]
pub(super) struct KeyStore {
    sources: Vec<Source>,
    refetch_interval: Duration,
    max_stale: Duration,
    current: RwLock<Arc<KeySet>>,
    reading: Mutex<Reading>,
}

/// One source, with the client of those that are fetched.
#[derive(Debug)]
enum Source {
    Local(KeySource),
    Remote(JwksLocation, Box<Fetcher>),
}

/// What was read so far.
#[derive(Debug)]
struct Reading {
    /// The keys of each source, and when they were read.
    loaded: Vec<Option<(SourceKeys, Instant)>>,
    last_attempt: Instant,
}

impl KeyStore {
    /// Reads every source. An address that does not answer is tried again later; a file must be right.
    pub(super) async fn open(config: &AuthConfig) -> Result<Self, KeyError> {
        if config.keys.is_empty() {
            return Err(KeyError::NoKeys);
        }
        let sources: Result<Vec<_>, _> = config.keys.iter().map(Source::new).collect();
        let sources = sources?;
        let mut loaded = Vec::with_capacity(sources.len());
        for source in &sources {
            loaded.push(match source.read().await {
                Ok(keys) => Some((keys, Instant::now())),
                Err(error @ KeyError::Fetch { .. }) => {
                    tracing::error!(%error, "tokens of this issuer are refused until its keys can be fetched");
                    None
                }
                Err(error) => return Err(error),
            });
        }
        let current = RwLock::new(Arc::new(key_set(&loaded, 0)));
        let last_attempt = Instant::now();
        Ok(Self {
            sources,
            refetch_interval: config.refetch_interval,
            max_stale: config.max_stale,
            current,
            reading: Mutex::new(Reading {
                loaded,
                last_attempt,
            }),
        })
    }

    /// The keys in use.
    pub(super) fn current(&self) -> Arc<KeySet> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&current)
    }

    /// Reads every source again.
    pub(super) async fn refresh(&self) {
        let mut reading = self.reading.lock().await;
        self.read_all(&mut reading).await;
    }

    /// Reads every source again because `seen` lacks a key, unless that was done a moment ago.
    pub(super) async fn refresh_for_unknown(&self, seen: &KeySet) -> Arc<KeySet> {
        let mut reading = self.reading.lock().await;
        let is_newer = self.current().generation != seen.generation;
        if !is_newer && reading.last_attempt.elapsed() >= self.refetch_interval {
            self.read_all(&mut reading).await;
        }
        self.current()
    }

    async fn read_all(&self, reading: &mut Reading) {
        let mut has_changed = false;
        for (source, slot) in self.sources.iter().zip(&mut reading.loaded) {
            let digest = slot.as_ref().map(|(keys, _)| keys.digest);
            match source.read().await {
                Ok(keys) => {
                    has_changed |= digest != Some(keys.digest);
                    *slot = Some((keys, Instant::now()));
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot read the keys of tokens again");
                    let is_stale = |(_, at): &(_, Instant)| at.elapsed() > self.max_stale;
                    has_changed |= slot.take_if(|loaded| is_stale(loaded)).is_some();
                }
            }
        }
        reading.last_attempt = Instant::now();
        if has_changed {
            let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
            let generation = current.generation + 1;
            *current = Arc::new(key_set(&reading.loaded, generation));
            tracing::info!("the keys of tokens have changed");
        }
    }
}

fn key_set(loaded: &[Option<(SourceKeys, Instant)>], generation: u64) -> KeySet {
    let sources = loaded.iter().flatten();
    KeySet {
        sources: sources
            .map(|(source, _)| Arc::clone(&source.keys))
            .collect(),
        generation,
        is_complete: loaded.iter().all(Option::is_some),
    }
}

impl Source {
    fn new(source: &KeySource) -> Result<Self, KeyError> {
        match source {
            KeySource::Jwks(location @ JwksLocation::Url { url, ca }) => {
                let fetcher = Box::new(Fetcher::new(url, ca.as_deref())?);
                Ok(Self::Remote(location.clone(), fetcher))
            }
            local => Ok(Self::Local(local.clone())),
        }
    }

    async fn read(&self) -> Result<SourceKeys, KeyError> {
        match self {
            Self::Local(KeySource::Secret { file, algorithm }) => keys::secret(file, *algorithm),
            Self::Local(KeySource::Pem { file, algorithm }) => keys::pem(file, *algorithm),
            Self::Local(KeySource::Jwks(location)) => keys::jwks(location, &read_file(location)?),
            Self::Remote(location, fetcher) => keys::jwks(location, &fetcher.fetch().await?),
        }
    }
}

fn read_file(location: &JwksLocation) -> Result<Vec<u8>, KeyError> {
    let JwksLocation::File(path) = location else {
        return Ok(Vec::new());
    };
    fs::read(path).map_err(|source| KeyError::Read {
        path: path.clone(),
        source,
    })
}
