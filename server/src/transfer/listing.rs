//! Pages of transfers: those of this server and those of the journal, as one list.
//!
//! `rpc::transfers` calls it. Of the journal it reads what the page needs: filter, order and place are part
//! of the question. What runs here is truer than what is written of it.

use std::{
    cmp::Reverse,
    collections::HashSet,
    fmt,
    str::FromStr,
    time::{SystemTime, UNIX_EPOCH},
};

use uuid::Uuid;

use super::{Kind, Phase, Result, Snapshot, Transfers};
use crate::{clickhouse::sql::TableName, journal::ListFilter};

/// The least that the journal is asked for at once: some of it may be known better here.
const LEAST_ROWS: usize = 100;

/// Which transfers to list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// In one of these phases; empty: in any.
    pub phases: Vec<Phase>,
    /// Of this kind.
    pub kind: Option<Kind>,
    /// Of this table; without a database, of a table of that name in any.
    pub table: Option<TableName>,
    /// Begun by this owner.
    pub owner: Option<String>,
    /// Through this connection.
    pub connection: Option<String>,
}

impl Filter {
    fn takes(&self, transfer: &Snapshot) -> bool {
        let has_table = |wanted: &TableName| {
            transfer.table.as_ref().is_some_and(|table| {
                let is_database = wanted.database.is_empty() || table.database == wanted.database;
                is_database && table.table == wanted.table
            })
        };
        (self.phases.is_empty() || self.phases.contains(&transfer.phase))
            && self.kind.is_none_or(|kind| kind == transfer.kind)
            && self.table.as_ref().is_none_or(has_table)
            && self
                .owner
                .as_ref()
                .is_none_or(|owner| *owner == transfer.owner)
            && self
                .connection
                .as_ref()
                .is_none_or(|connection| *connection == transfer.connection)
    }
}

/// The place of a transfer in the list: when it began, in milliseconds since 1970, and its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(i64, Uuid);

impl Place {
    /// The place of a transfer.
    #[must_use]
    pub fn of(transfer: &Snapshot) -> Self {
        Self(millis(transfer.started_at), transfer.id)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

impl FromStr for Place {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (started, id) = text.split_once('.').ok_or(())?;
        let started = started.parse().map_err(drop)?;
        Ok(Self(started, id.parse().map_err(drop)?))
    }
}

/// As the journal keeps it.
pub(super) fn millis(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

impl Transfers {
    /// At most `limit` transfers, the newest first, from behind `after` on.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn list(
        &self,
        filter: &Filter,
        limit: usize,
        after: Option<Place>,
    ) -> Result<Vec<Snapshot>> {
        let here = self.inner.registry.all();
        let own = here
            .iter()
            .filter(|transfer| !transfer.description().is_scan);
        let mut here: Vec<_> = own.map(|transfer| transfer.snapshot()).collect();
        let mut page = Vec::new();
        if filter.kind != Some(Kind::Export) && self.inner.journal.exists().await? {
            let is_open = Snapshot::may_be_outdone;
            let open = here.iter().filter(|transfer| is_open(transfer));
            let open: Vec<_> = open.map(|transfer| transfer.id).collect();
            if !open.is_empty() {
                let written = self.inner.journal.known(&open).await?;
                here.retain(|transfer| !(is_open(transfer) && written.contains(&transfer.id)));
            }
            let known: HashSet<_> = here.iter().map(|transfer| transfer.id).collect();
            page = self.list_written(filter, &known, limit, after).await?;
        }
        let is_behind = |transfer: &Snapshot| after.is_none_or(|after| Place::of(transfer) < after);
        here.retain(|transfer| is_behind(transfer) && filter.takes(transfer));
        page.extend(here);
        page.sort_by_key(|transfer| Reverse(Place::of(transfer)));
        page.truncate(limit);
        Ok(page)
    }

    /// At least the first `limit` of the journal that are not `known`, or all that there are.
    async fn list_written(
        &self,
        filter: &Filter,
        known: &HashSet<Uuid>,
        limit: usize,
        mut after: Option<Place>,
    ) -> Result<Vec<Snapshot>> {
        let states = states(&filter.phases);
        let table = filter.table.as_ref();
        let row_count = limit.max(LEAST_ROWS);
        let mut found = Vec::new();
        while found.len() < limit {
            let wanted = ListFilter {
                states: &states,
                database: table
                    .map(|table| table.database.as_str())
                    .filter(|database| !database.is_empty()),
                table: table.map(|table| table.table.as_str()),
                owner: filter.owner.as_deref(),
                connection: filter.connection.as_deref(),
                after: after.map(|Place(started, id)| (started, id)),
            };
            let rows = self.inner.journal.list(&wanted, row_count).await?;
            let is_end = rows.len() < row_count;
            let rows = self.snapshots(rows).await?;
            after = rows.last().map(Place::of).or(after);
            let is_new = |row: &Snapshot| !known.contains(&row.id) && filter.takes(row);
            found.extend(rows.into_iter().filter(is_new));
            if is_end {
                break;
            }
        }
        Ok(found)
    }
}

/// The states in the journal that transfers in these phases may have: one that runs, and whose server has
/// gone, is interrupted or has failed.
fn states(phases: &[Phase]) -> Vec<&'static str> {
    let mut states: Vec<_> = phases.iter().map(|phase| phase.name()).collect();
    let may_run = |phase| matches!(phase, &Phase::Interrupted | &Phase::Failed);
    if phases.iter().any(may_run) {
        states.push(Phase::Running.name());
    }
    states
}
