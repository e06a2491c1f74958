//! Time zones: one source of rules, so that a time is the same in a file, in ClickHouse's own text and in a filter.

use sluice_proto::v1 as pb;

use crate::support::{TestServer, counters, export_source, spec, table_ref};

/// Zones whose rules differ from one version of the time zone database to the next, or are unusual.
const ZONES: [&str; 12] = [
    "America/Vancouver",
    "America/Edmonton",
    "America/Winnipeg",
    "America/Havana",
    "America/Asuncion",
    "Africa/Casablanca",
    "Africa/Cairo",
    "Asia/Gaza",
    "Europe/Moscow",
    "Europe/Paris",
    "Australia/Lord_Howe",
    "Pacific/Apia",
];

/// Local times from 1971 to 2100 at all hours and in all seasons.
fn times() -> Vec<String> {
    let first = jiff::civil::date(1971, 1, 1).at(0, 30, 0, 0);
    let step = |number: i64| first.checked_add(jiff::SignedDuration::from_hours(number * 101));
    let times = (0..11_000).map_while(|number| step(number).ok());
    times
        .map(|time| time.strftime("%Y-%m-%d %H:%M:%S").to_string())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_is_the_same_in_the_file_in_clickhouse_and_in_an_export() {
    let server = TestServer::start().await;
    let times = times();
    let file: String = times
        .iter()
        .enumerate()
        .map(|(id, time)| format!("{id},{time}\n"))
        .collect();
    for zone in ZONES {
        server.sql(&format!(
            "CREATE OR REPLACE TABLE t (id UInt32, at DateTime64(0, '{zone}')) ENGINE = MergeTree ORDER BY id"
        ));
        let all_bad = pb::UploadSpec {
            rejects: Some(pb::RejectPolicy {
                max_rows: Some(1_000),
                ..Default::default()
            }),
            ..spec("t")
        };
        let loaded = server.upload(all_bad, format!("id,at\n{file}")).await;
        let loaded =
            counters(&loaded.unwrap_or_else(|status| panic!("{zone}: {status:?}"))).rows_committed;
        // Those that the clocks left out, or showed twice, are few.
        assert!(loaded > 10_900, "{zone}: {loaded}");
        let stored = server.sql("SELECT id, toString(at) FROM t ORDER BY id");
        for row in stored.lines() {
            let (id, text) = row.split_once('\t').unwrap();
            assert_eq!(text, times[id.parse::<usize>().unwrap()], "{zone}");
        }
        let ordered = pb::TableSource {
            table: Some(table_ref("t")),
            order_by: vec![pb::OrderBy {
                column: "id".to_owned(),
                descending: false,
            }],
            ..Default::default()
        };
        let exported = server.export(export_source(ordered)).await.unwrap();
        let expected: String = stored.replace('\t', ",") + "\n";
        assert_eq!(exported.text(), format!("id,at\n{expected}"), "{zone}");
    }
}
