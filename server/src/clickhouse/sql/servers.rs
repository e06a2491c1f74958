//! Questions about the server that answers.
//!
//! Used by `clickhouse::servers`, which asks them over several connections, and by `clickhouse::nodes`.

use super::Statement;

/// What every server answers.
pub(crate) fn one() -> Statement {
    Statement::new("SELECT 1".to_owned())
}

/// The host, and what tells the server from any other; whether that is its host and port only, because it
/// has no UUID. In ClickHouse Cloud every server sees the same tables, so that they count as one.
pub(crate) fn identity() -> Statement {
    Statement::new(
        "SELECT hostName() AS host, if((SELECT max(value = '1') FROM system.settings \
         WHERE name = 'cloud_mode'), 'cloud', concat(hostName(), '/', toString(serverUUID()), '/', \
         toString(tcpPort()))) AS identity, \
         toUInt8(serverUUID() = toUUID('00000000-0000-0000-0000-000000000000')) AS is_nameless"
            .to_owned(),
    )
}

/// The host, and where the server keeps its data.
pub(crate) fn disks() -> Statement {
    Statement::new(
        "SELECT hostName() AS host, concat(hostName(), '/', ifNull((SELECT \
         arrayStringConcat(arraySort(groupArray(path)), ' ') FROM system.disks), '')) AS identity, \
         toUInt8(1) AS is_nameless"
            .to_owned(),
    )
}

/// What a macro stands for; an exception where there is none of this name.
pub(crate) fn macro_value(name: &str) -> Statement {
    Statement::with_params(
        "SELECT getMacro({p0:String})".to_owned(),
        vec![name.to_owned()],
    )
}
