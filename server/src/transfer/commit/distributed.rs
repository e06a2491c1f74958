//! Whether a Distributed table takes a block that comes twice once: that is for the tables behind it to say, on all
//! servers of its cluster, and for its sharding key, which must send the same row to the same shard.
//!
//! Used by `transfer::commit`. It must never take a server for one that deduplicates which it has not asked.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::choice::{Traits, WINDOW_SECONDS};
use crate::{
    clickhouse::{
        Client, Error as ClickHouseError,
        sql::{EngineClause, TableName, distributed as sql},
    },
    transfer::Result,
};

/// A row of `sql::local_tables`.
#[derive(::clickhouse::Row, Deserialize)]
struct LocalRow {
    engine_full: String,
    views: u64,
}

/// The row of `sql::size`.
#[derive(::clickhouse::Row, Deserialize)]
struct SizeRow {
    servers: u64,
    most_of_shard: u64,
    shards: u64,
}

/// What the tables behind a Distributed one are like: as the one that remembers least; or why nobody can say that
/// a block which comes twice is there once.
///
/// # Errors
///
/// Those of ClickHouse, also when one of the servers does not answer.
pub(super) async fn behind(
    client: &Client,
    engine: &EngineClause,
) -> Result<Result<Traits, String>> {
    let arguments = engine.argument_list();
    let [cluster, database, table, key @ ..] = arguments.as_slice() else {
        return Ok(Err("what stands behind it is not known".to_owned()));
    };
    let Some(cluster) = cluster_name(client, cluster).await? else {
        return Ok(Err(format!("its cluster {cluster} is not known")));
    };
    let table = TableName::new(unquoted(database), unquoted(table));
    let sizes: Vec<SizeRow> = client.fetch(&sql::size(&cluster)).await?;
    let Some(size) = sizes.first().filter(|size| size.servers > 0) else {
        return Ok(Err(format!("its cluster {cluster} is not known")));
    };
    if size.shards > 1
        && let Some(cause) = unsteady_key(client, key.first().copied()).await?
    {
        return Ok(Err(cause));
    }
    let rows: Vec<LocalRow> = client.fetch(&sql::local_tables(&cluster, &table)).await?;
    if rows.len() as u64 != size.servers {
        return Ok(Err(format!(
            "{table} is on {} of the {} servers of its cluster",
            rows.len(),
            size.servers
        )));
    }
    if rows.iter().any(|row| row.views > 0) {
        return Ok(Err(format!("a materialized view reads from {table}")));
    }
    let mut weakest: Option<Traits> = None;
    for row in rows {
        let local = local_traits(client, &cluster, &table, &row.engine_full).await?;
        if !local.is_deduplicating() {
            return Ok(Err(format!(
                "{table}, which is behind it, does not deduplicate inserts on each of its servers"
            )));
        }
        if !local.engine.is_replicated() && size.most_of_shard > 1 {
            return Ok(Err(format!(
                "{table}, which is behind it, is not replicated, and a shard has several servers"
            )));
        }
        let is_weaker = |before: &Traits| {
            (local.window, local.window_seconds) < (before.window, before.window_seconds)
        };
        if weakest.as_ref().is_none_or(is_weaker) {
            weakest = Some(local);
        }
    }
    Ok(weakest.ok_or_else(|| format!("{table} is on no server of its cluster")))
}

/// The name of a cluster, which may be written as a macro.
async fn cluster_name(client: &Client, argument: &str) -> Result<Option<String>> {
    let name = unquoted(argument);
    let Some(of_macro) = name
        .strip_prefix('{')
        .and_then(|name| name.strip_suffix('}'))
    else {
        return Ok(Some(name.to_owned()));
    };
    Ok(client.macro_value(of_macro).await?)
}

/// Why the same row may go to another shard when it comes again.
async fn unsteady_key(client: &Client, key: Option<&str>) -> Result<Option<String>> {
    let Some(key) = key else {
        return Ok(Some("it has no sharding key".to_owned()));
    };
    let functions = functions(key);
    if functions.is_empty() {
        return Ok(None);
    }
    let asked = client
        .fetch(&sql::deterministic_functions(&functions))
        .await;
    let steady: Vec<u64> = match asked {
        Ok(steady) => steady,
        // A version of ClickHouse that does not tell.
        Err(ClickHouseError::UnknownColumn(_)) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let is_steady = steady == [functions.len() as u64];
    Ok((!is_steady).then(|| {
        format!("its sharding key {key} may send a row to another shard when it comes again")
    }))
}

async fn local_traits(
    client: &Client,
    cluster: &str,
    table: &TableName,
    engine_full: &str,
) -> Result<Traits> {
    let engine = EngineClause::parse(engine_full);
    let mut traits = Traits::new(table.clone(), engine, false);
    let settings = if traits.engine.is_replicated() {
        "replicated_merge_tree_settings"
    } else {
        "merge_tree_settings"
    };
    let names = [traits.window_setting(), WINDOW_SECONDS];
    let statement = sql::least_defaults(cluster, settings, &names);
    let defaults: Vec<(String, String)> = client.fetch(&statement).await?;
    let value = |setting: &str| {
        let default = defaults.iter().find(|(name, _)| name == setting);
        let default = default.map(|(_, value)| value.as_str());
        traits.engine.setting(setting).or(default)?.parse().ok()
    };
    let window = value(traits.window_setting()).unwrap_or(0);
    let seconds = value(WINDOW_SECONDS).filter(|_| traits.engine.is_replicated());
    (traits.window, traits.window_seconds) = (window, seconds);
    Ok(traits)
}

/// The names of the functions that an expression calls, each once.
fn functions(expression: &str) -> Vec<String> {
    let mut found = BTreeSet::new();
    let mut word = String::new();
    for c in expression.chars() {
        match c {
            '(' if !word.is_empty() => {
                found.insert(std::mem::take(&mut word).to_lowercase());
            }
            c if c.is_ascii_alphanumeric() || c == '_' => word.push(c),
            _ => word.clear(),
        }
    }
    found.into_iter().collect()
}

fn unquoted(argument: &str) -> &str {
    argument.trim().trim_matches(['\'', '`'])
}

#[cfg(test)]
mod tests {
    use super::{functions, unquoted};

    #[test]
    fn every_function_of_a_key_is_found_once() {
        assert_eq!(functions("n"), [""; 0]);
        assert_eq!(functions("n % 4"), [""; 0]);
        assert_eq!(functions("rand()"), ["rand"]);
        assert_eq!(
            functions("cityHash64(toString(n), toString(s)) + (n + 1)"),
            ["cityhash64", "tostring"]
        );
        assert_eq!(functions("`rand`(n)"), [""; 0]);
    }

    #[test]
    fn arguments_lose_their_quotes() {
        assert_eq!(unquoted("'c'"), "c");
        assert_eq!(unquoted(" d "), "d");
    }
}
