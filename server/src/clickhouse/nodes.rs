//! The nodes of a cluster that a connection names, and which of them answer.
//!
//! Held by `connections` and by `journal`, watched by a task of `app`. Each transfer works with one node: what is
//! staged is there and nowhere else. It must never take a node for another one because both answer at the same
//! address: that is for `servers`.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use futures_util::future::join_all;
use tokio::{sync::OnceCell, time::timeout};

use super::{Client, Error, Result, sql};

/// The pause between two looks at a node.
const INTERVAL: Duration = Duration::from_secs(1);

/// The code of ClickHouse for a name that is no macro: `NO_ELEMENTS_IN_CONFIG`.
const NO_SUCH_MACRO: i32 = 139;

/// How long a node may take to answer.
const LIMIT: Duration = Duration::from_secs(2);

/// The nodes of one connection, the preferred one first.
pub(crate) type Nodes = PerNode<Node>;

/// Something for each node of a connection; at least one.
#[derive(Debug)]
pub(crate) struct PerNode<T> {
    first: T,
    others: Vec<T>,
}

/// One node.
#[derive(Debug)]
pub(crate) struct Node {
    url: String,
    client: Client,
    is_silent: AtomicBool,
    replica: OnceCell<Option<String>>,
}

impl Node {
    /// What answers at an address.
    pub(crate) const fn new(url: String, client: Client) -> Self {
        Self {
            url,
            client,
            is_silent: AtomicBool::new(false),
            replica: OnceCell::const_new(),
        }
    }

    /// Its address.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// With the identity of the connection.
    pub(crate) const fn client(&self) -> &Client {
        &self.client
    }

    /// The name under which it keeps tables together with others: the macros `shard`, where there is one, and
    /// `replica`. None where it does not belong to a cluster.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub(crate) async fn replica(&self) -> Result<Option<&str>> {
        let replica = self.replica.get_or_try_init(|| async {
            let Some(replica) = self.client.macro_value("replica").await? else {
                return Ok(None);
            };
            let shard = self.client.macro_value("shard").await?;
            Ok(Some(match shard {
                Some(shard) => format!("{shard}-{replica}"),
                None => replica,
            }))
        });
        replica.await.map(Option::as_deref)
    }

    /// What it is known by, whatever its address; its address where it does not belong to a cluster.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub(crate) async fn name(&self) -> Result<&str> {
        Ok(self.replica().await?.unwrap_or(&self.url))
    }

    fn answers(&self) -> bool {
        !self.is_silent.load(Ordering::Relaxed)
    }

    async fn look(&self) {
        let is_silent = !self.client.answers().await;
        if !is_silent {
            // To know it when it does not answer any more.
            self.name().await.ok();
        }
        if self.is_silent.swap(is_silent, Ordering::Relaxed) != is_silent {
            let url = &self.url;
            if is_silent {
                tracing::warn!(url, "a node of ClickHouse does not answer");
            } else {
                tracing::info!(url, "a node of ClickHouse answers again");
            }
        }
    }
}

impl<T> PerNode<T> {
    pub(crate) const fn new(first: T, others: Vec<T>) -> Self {
        Self { first, others }
    }

    /// Something else for each of the same nodes.
    pub(crate) fn map<U>(&self, make: impl Fn(&T) -> U) -> PerNode<U> {
        PerNode {
            first: make(&self.first),
            others: self.others.iter().map(make).collect(),
        }
    }

    /// Whether there are several.
    pub(crate) const fn are_several(&self) -> bool {
        !self.others.is_empty()
    }

    /// All of them.
    pub(crate) fn all(&self) -> impl Iterator<Item = &T> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// That of a node by its number, from 0; of the first one where there is none with this number.
    pub(crate) fn get(&self, number: usize) -> &T {
        let other = number
            .checked_sub(1)
            .and_then(|number| self.others.get(number));
        other.unwrap_or(&self.first)
    }
}

impl Nodes {
    /// The number of the one with a name; those that have never answered are not known by theirs.
    pub(crate) async fn find(&self, name: &str) -> Option<usize> {
        for (number, node) in self.all().enumerate() {
            let is_known = node.answers() || node.replica.initialized();
            if is_known && node.name().await.is_ok_and(|found| found == name) {
                return Some(number);
            }
        }
        None
    }

    /// The number of the first one that answers; of the first one where none does.
    pub(crate) fn preferred(&self) -> usize {
        self.all().position(Node::answers).unwrap_or_default()
    }

    /// The numbers of those that answer.
    pub(crate) fn answering(&self) -> impl Iterator<Item = usize> {
        let numbered = self.all().enumerate();
        numbered
            .filter(|(_, node)| node.answers())
            .map(|(number, _)| number)
    }

    /// Looks again and again which of them answer.
    pub(crate) async fn watch(&self) {
        loop {
            join_all(self.all().map(Node::look)).await;
            tokio::time::sleep(INTERVAL).await;
        }
    }
}

impl Client {
    /// Whether ClickHouse answers soon.
    pub(crate) async fn answers(&self) -> bool {
        self.ask().await.is_ok()
    }

    /// Has ClickHouse answer, which it has to do soon.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub(crate) async fn ask(&self) -> Result<()> {
        let answer = timeout(LIMIT, self.fetch::<u8>(&sql::servers::one())).await;
        let answer = answer.unwrap_or(Err(Error::Timeout {
            action: "answer",
            limit: LIMIT,
        }));
        answer.map(drop)
    }

    /// What a macro of the server stands for; none where it has none of this name. Everybody may ask.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub(crate) async fn macro_value(&self, name: &str) -> Result<Option<String>> {
        match self.fetch(&sql::servers::macro_value(name)).await {
            Ok(values) => Ok(Vec::into_iter(values).next()),
            Err(error)
                if error
                    .exception()
                    .is_some_and(|known| known.code == NO_SUCH_MACRO) =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}
