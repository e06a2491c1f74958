//! What is served, as text.

use std::time::Duration;

use super::{Connecting, Ended, EndedCall, JournalUse, Levels, Metrics};

fn line<'t>(text: &'t str, start: &str) -> &'t str {
    text.lines()
        .find(|line| line.starts_with(start))
        .unwrap_or_else(|| panic!("{start} is not in {text}"))
}

#[test]
fn what_happens_is_shown_under_its_labels() {
    let metrics = Metrics::new();
    metrics.transfer_began("UPLOAD");
    metrics.transfer_ended(&Ended {
        kind: "UPLOAD",
        state: "SUCCEEDED",
        mode: "ATOMIC",
        elapsed: Duration::from_secs(2),
        stages: Some([1, 2, 3, 4].map(Duration::from_secs)),
    });
    metrics.flow().received_bytes.add(7);
    metrics.flow().rows_rejected.add("OVERFLOW", 3);
    metrics.call_began();
    metrics.call_ended(&EndedCall {
        service: "IngestService",
        method: "Upload",
        code: "OK",
        elapsed: Duration::from_millis(3),
    });
    metrics.connected(Connecting::Opened);
    metrics.journal_used(JournalUse::Write, true);
    let text = metrics.render(&Levels {
        engine_restarts: 5,
        ..Levels::default()
    });
    for (start, value) in [
        ("sluice_transfers_started_total{kind=\"UPLOAD\"}", "1"),
        (
            "sluice_transfers_ended_total{kind=\"UPLOAD\",state=\"SUCCEEDED\",mode=\"ATOMIC\"}",
            "1",
        ),
        ("sluice_upload_stage_seconds_sum{stage=\"insert\"}", "3.0"),
        ("sluice_upload_received_bytes_total", "7"),
        (
            "sluice_upload_rows_rejected_total{reason=\"OVERFLOW\"}",
            "3",
        ),
        (
            "sluice_grpc_calls_total{service=\"IngestService\",method=\"Upload\",code=\"OK\"}",
            "1",
        ),
        ("sluice_grpc_calls_open", "0"),
        ("sluice_connections_open", "1"),
        ("sluice_journal_errors_total{operation=\"write\"}", "1"),
        ("sluice_engine_restarts_total", "5"),
    ] {
        assert_eq!(line(&text, start), format!("{start} {value}"));
    }
    assert!(text.ends_with("# EOF\n"), "{text}");
}

#[test]
fn every_family_has_a_sample_from_the_start() {
    let levels = Levels {
        memory: vec![super::PoolLevel {
            name: "uploads",
            used_bytes: 0,
            limit_bytes: 1,
        }],
        open: vec![("UPLOAD", "RUNNING", 0)],
        ..Levels::default()
    };
    let text = Metrics::new().render(&levels);
    let families = text.lines().filter(|line| line.starts_with("# TYPE"));
    assert_eq!(families.count(), 35);
}
