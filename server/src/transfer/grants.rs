//! Which grants of ClickHouse are missing: asked for by `rpc::catalog`, and before an upload sends anything, so
//! that all of them are named at once and none is found out in the middle of a commit.
//!
//! What is needed for what stands in `clickhouse::sql::grants`. Versions of ClickHouse that do not know CHECK
//! GRANT are not asked: there the first refusal names one.

use futures_util::future::try_join_all;
use serde::Deserialize;

use super::{CommitMode, Error, Inner, Result, Transfers, UploadRequest, commit::Choice};
use crate::{
    catalog::{Catalog, Table},
    clickhouse::{
        Client, Error as ClickHouseError,
        sql::{
            EngineClause, TableName,
            grants::{self as sql, Grant, Holder, Subject},
        },
    },
    config::Identity,
    connections::DEFAULT,
    transfer::CreateTable,
};

pub use crate::clickhouse::sql::grants::{PURPOSES, Purpose};

/// What is to be granted whatever the mode of an upload. A dry run needs nothing that the upload does not.
const USUAL: [Purpose; 4] = [
    Purpose::Export,
    Purpose::Query,
    Purpose::Journal,
    Purpose::Recovery,
];

/// What is asked for.
#[derive(Clone, Debug)]
pub struct GrantQuestion {
    /// The table; without a name all tables of its database, without a database those of the default one.
    pub table: TableName,
    /// The mode of uploads into it.
    pub mode: CommitMode,
    /// Whether they make it.
    pub creates: bool,
}

/// What is missing.
#[derive(Clone, Debug, Default)]
pub struct GrantReport {
    /// What an upload as it was asked for needs grants for.
    pub upload: Vec<Purpose>,
    /// The grants, in the order of the table of all grants.
    pub missing: Vec<MissingGrant>,
    /// The statements that give what is missing for such an upload and for exports, and nothing for other modes.
    pub statements: Vec<String>,
}

/// A grant that is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingGrant {
    /// As GRANT names it.
    pub privilege: &'static str,
    /// On what, as GRANT names it.
    pub on: String,
    /// The user or role that lacks it.
    pub grantee: String,
    /// What it is needed for.
    pub purposes: Vec<Purpose>,
}

/// A row of `sql::facts`.
#[derive(::clickhouse::Row, Deserialize)]
struct FactsRow {
    engine: String,
    has_views: u8,
    database_engine: String,
    has_own_database: u8,
}

/// What is known of a table, and the mode that an upload into it would have.
struct Facts {
    subject: Subject,
    mode: CommitMode,
    /// Whether rows can be staged for it.
    can_stage: bool,
    is_seen: bool,
}

impl CommitMode {
    /// What an upload in this mode needs grants for.
    const fn purpose(self) -> Purpose {
        match self {
            Self::Auto | Self::Atomic => Purpose::Atomic,
            Self::Blocks => Purpose::Blocks,
            Self::Replace => Purpose::Replace,
            Self::Direct => Purpose::Direct,
        }
    }
}

impl Transfers {
    /// Finds the grants that are missing for anything that this connection is for.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn missing_grants(&self, question: &GrantQuestion) -> Result<GrantReport> {
        let inner = &self.inner;
        let table = inner.full_name(&question.table).await?;
        let facts = inner.facts(&table, question.mode, question.creates).await?;
        let mut upload = vec![facts.mode.purpose()];
        if question.creates {
            upload.push(Purpose::Create);
        }
        let missing = inner.missing(&facts.subject, &PURPOSES).await?;
        let of_journal = missing.iter();
        let mut of_journal = of_journal.filter(|grant| grant.purposes.contains(&Purpose::Journal));
        // One that can be made is used, and what cannot use it fails.
        if of_journal.clone().next().is_some()
            && of_journal.all(|grant| sql::USE_OF_JOURNAL.contains(&grant.privilege))
        {
            upload.push(Purpose::Journal);
        }
        let asked = |purpose| upload.contains(&purpose) || USUAL.contains(&purpose);
        let of_asked = missing.iter();
        let of_asked = of_asked.filter(|grant| grant.purposes.iter().copied().any(asked));
        Ok(GrantReport {
            statements: statements(of_asked),
            upload,
            missing,
        })
    }
}

impl Inner {
    /// Chooses how rows are committed to a table, once its user is known to have all grants for it; a dry run
    /// needs none of them.
    ///
    /// # Errors
    ///
    /// [`Error::MissingGrants`] with all that are missing, and those of `choose_commit`.
    pub(super) async fn choose_granted(
        &self,
        table: &TableName,
        requested: CommitMode,
        is_dry: bool,
    ) -> Result<Choice> {
        let chosen = self.choose_commit(table, requested).await;
        let mode = match &chosen {
            Ok(_) | Err(Error::CommitModeUnavailable { .. }) if is_dry => return chosen,
            Ok(choice) => choice.commit.mode,
            // Without its grants a mode may look as if the table barred it.
            Err(Error::CommitModeUnavailable { .. }) => {
                let facts = self.facts(table, requested, false).await?;
                if facts.can_stage {
                    self.require(&facts, &[facts.mode.purpose()]).await?;
                }
                return chosen;
            }
            Err(error) if error.is_access_denied() => requested,
            Err(_) => return chosen,
        };
        self.require_grants(table, mode, is_dry).await?;
        chosen
    }

    /// Sees that the user has all grants for an upload.
    async fn require_grants(
        &self,
        table: &TableName,
        mode: CommitMode,
        is_dry: bool,
    ) -> Result<()> {
        let facts = self.facts(table, mode, false).await?;
        let purpose = if is_dry {
            Purpose::DryRun
        } else {
            facts.mode.purpose()
        };
        self.require(&facts, &[purpose]).await
    }

    /// The same for one that makes its table, by a statement of the caller's own or not.
    pub(super) async fn require_create_grants(&self, request: &UploadRequest) -> Result<()> {
        let full = self.full_name(&request.table).await?;
        let facts = self.facts(&full, request.commit_mode, true).await?;
        let mode = facts.mode.purpose();
        match request.create_table {
            // Its engine is its own affair, and another user may be the one who runs it.
            Some(CreateTable::Statement(_)) => self.require(&facts, &[mode]).await,
            _ => self.require(&facts, &[mode, Purpose::Create]).await,
        }
    }

    /// The table of an upload that makes none.
    ///
    /// # Errors
    ///
    /// [`Error::MissingGrants`] where the user cannot see it, and those of the catalog.
    pub(super) async fn table_to_load(&self, request: &UploadRequest) -> Result<Table> {
        match self.catalog().table(&request.table).await {
            Err(error) if error.is_missing() => {
                let table = self.full_name(&request.table).await?;
                self.require_grants(&table, request.commit_mode, request.dry_run)
                    .await?;
                Err(error.into())
            }
            found => Ok(found?),
        }
    }

    async fn require(&self, facts: &Facts, purposes: &[Purpose]) -> Result<()> {
        let missing = self.missing(&facts.subject, purposes).await?;
        if missing.is_empty() {
            return Ok(());
        }
        Err(Error::MissingGrants {
            table: facts.subject.table.to_string(),
            statements: statements(missing.iter()),
            may_be_absent: !facts.is_seen && !facts.subject.is_new,
        })
    }

    async fn full_name(&self, table: &TableName) -> Result<TableName> {
        let mut full = table.clone();
        if full.database.is_empty() {
            full.database = self.catalog().check().await?.database;
        }
        Ok(full)
    }

    async fn facts(&self, table: &TableName, requested: CommitMode, is_new: bool) -> Result<Facts> {
        let own_database = self.journal.database();
        let statement = sql::facts(table, own_database);
        let rows: Vec<FactsRow> = self.client().fetch(&statement).await?;
        let row = rows.into_iter().next();
        let row = row.ok_or(Error::Internal("no row about a table"))?;
        let is_in_replicated_database = row.database_engine == "Replicated";
        let is_seen = !row.engine.is_empty();
        // The one that Sluice makes, and the usual one where nothing is known.
        let engine = match (is_seen, is_in_replicated_database) {
            (true, _) => row.engine,
            (false, true) => "ReplicatedMergeTree".to_owned(),
            (false, false) => "MergeTree".to_owned(),
        };
        let clause = EngineClause::parse(&engine);
        let can_stage = clause.is_merge_tree()
            && !clause.is_shared()
            && row.has_views == 0
            && (clause.is_replicated() || !is_in_replicated_database);
        let mode = match requested {
            CommitMode::Auto if can_stage => CommitMode::Atomic,
            // BLOCKS needs the same grants.
            CommitMode::Auto => CommitMode::Direct,
            requested => requested,
        };
        Ok(Facts {
            mode,
            can_stage,
            is_seen,
            subject: Subject {
                table: table.clone(),
                engine,
                is_in_replicated_database,
                is_new,
                is_mapped: self.connection.is_mapped(),
                journal: own_database.to_owned(),
                has_own_database: row.has_own_database == 1,
                is_synced: self.config.fsync,
                is_journal_shared: self.journal.is_to_be_shared().await?,
            },
        })
    }

    /// The grants that are missing of those that some purposes need.
    async fn missing(&self, subject: &Subject, purposes: &[Purpose]) -> Result<Vec<MissingGrant>> {
        let needed = sql::needed(subject, purposes);
        let mut missing = Vec::new();
        for (client, holders) in self.holders() {
            let own = needed
                .iter()
                .filter(|grant| holders.contains(&grant.holder));
            let own: Vec<_> = own.collect();
            missing.extend(lacks(client, &own).await?);
        }
        // One user may stand for several.
        let mut merged: Vec<MissingGrant> = Vec::new();
        for grant in missing {
            let same = |one: &&mut MissingGrant| {
                (one.privilege, &one.on, &one.grantee)
                    == (grant.privilege, &grant.on, &grant.grantee)
            };
            match merged.iter_mut().find(same) {
                Some(one) => {
                    one.purposes.extend(grant.purposes);
                    one.purposes.sort_unstable();
                    one.purposes.dedup();
                }
                None => merged.push(grant),
            }
        }
        Ok(merged)
    }

    /// Whom ClickHouse is to ask for whom: those who are one user are asked for at once.
    fn holders(&self) -> Vec<(&Client, Vec<Holder>)> {
        let connection = &self.connection;
        let mut caller = vec![Holder::Caller];
        let mut others = Vec::new();
        if connection.has_callers_user() {
            others.push((connection.queries(), vec![Holder::Queries]));
        } else {
            caller.push(Holder::Queries);
        }
        // Where every caller brings a token, the connection is nobody by itself.
        if connection.identity() != Identity::Token {
            let mut service = vec![Holder::Service];
            if connection.name() == DEFAULT {
                service.push(Holder::Journal);
            }
            if connection.acts_as_itself() {
                caller.extend(service);
            } else {
                others.push((connection.service(), service));
            }
        }
        others.insert(0, (connection.client(), caller));
        others
    }
}

/// Which of some grants the user of a client lacks.
async fn lacks(client: &Client, grants: &[&Grant]) -> Result<Vec<MissingGrant>> {
    if grants.is_empty() || has_all(client, grants).await? {
        return Ok(Vec::new());
    }
    let each = grants
        .iter()
        .map(|grant| has_all(client, std::slice::from_ref(grant)));
    let have = try_join_all(each).await?;
    let grantee = Catalog::new(client.clone()).grantee().await?;
    let missing = grants.iter().zip(have).filter(|(_, has)| !has);
    Ok(missing
        .map(|(grant, _)| MissingGrant {
            privilege: grant.privilege,
            on: grant.on.clone(),
            grantee: grantee.clone(),
            purposes: grant.purposes.clone(),
        })
        .collect())
}

async fn has_all(client: &Client, grants: &[&Grant]) -> Result<bool> {
    match client.is_granted(&sql::check(grants.iter().copied())).await {
        // A version that does not know the question.
        Err(ClickHouseError::InvalidQuery(_)) => Ok(true),
        answer => Ok(answer?),
    }
}

fn statements<'a>(missing: impl Iterator<Item = &'a MissingGrant>) -> Vec<String> {
    sql::statements(missing.map(|grant| (grant.privilege, &*grant.on, &*grant.grantee)))
}
