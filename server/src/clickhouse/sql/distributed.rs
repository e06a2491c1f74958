//! Questions about what stands behind a Distributed table, on all servers of its cluster.
//!
//! Used by `transfer::commit::distributed`.

use super::{Statement, TableName, join, quote_string};

/// The table on each server: one row for each.
pub(crate) fn local_tables(cluster: &str, table: &TableName) -> Statement {
    Statement::with_params(
        format!(
            "SELECT engine_full, toUInt64(length(dependencies_table)) AS views \
             FROM clusterAllReplicas({}, 'system', 'tables') \
             WHERE database = {{p0:String}} AND name = {{p1:String}}",
            quote_string(cluster)
        ),
        vec![table.database.clone(), table.table.clone()],
    )
}

/// How many servers the cluster has, and how many the largest of its shards.
pub(crate) fn size(cluster: &str) -> Statement {
    Statement::with_params(
        "SELECT toUInt64(sum(replicas)) AS servers, toUInt64(max(replicas)) AS most_of_shard, count() AS shards \
         FROM (SELECT count() AS replicas FROM system.clusters WHERE cluster = {p0:String} GROUP BY shard_num)"
            .to_owned(),
        vec![cluster.to_owned()],
    )
}

/// The smallest default of each of some settings of tables, on all servers; `settings` is the system table.
pub(crate) fn least_defaults(cluster: &str, settings: &str, names: &[&str]) -> Statement {
    let names = join(names, |name| quote_string(name));
    Statement::new(format!(
        "SELECT name, toString(min(toUInt64OrZero(value))) AS value \
         FROM clusterAllReplicas({}, 'system', {}) WHERE name IN ({names}) GROUP BY name",
        quote_string(cluster),
        quote_string(settings)
    ))
}

/// How many of some functions give the same for the same values, whenever and wherever they are asked.
pub(crate) fn deterministic_functions(names: &[String]) -> Statement {
    let names = join(names, |name| quote_string(&name.to_lowercase()));
    Statement::new(format!(
        "SELECT uniqExact(lower(name)) FROM system.functions \
         WHERE lower(name) IN ({names}) AND deterministic"
    ))
}
