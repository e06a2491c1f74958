//! The configuration as a whole: defaults, faults, contradictions, masking.

mod access;
mod file;

use std::path::PathBuf;
use std::time::Duration;

use clap::CommandFactory;

use super::{Config, Error, Invocation, raw::RawConfig};
use crate::engine::{EmbeddedConfig, EngineConfig, RemoteConfig};

fn parse(arguments: &[&str]) -> Result<Config, Error> {
    let line = ["sluice-server"].iter().chain(arguments);
    match Invocation::from_arguments(line)? {
        Invocation::Serve(config) => Ok(*config),
        other => panic!("{other:?}"),
    }
}

fn faulty_options(arguments: &[&str]) -> Vec<String> {
    parse(arguments)
        .unwrap_err()
        .faults()
        .iter()
        .map(|fault| fault.option.to_string())
        .collect()
}

fn embedded(config: Config) -> EmbeddedConfig {
    match config.engine {
        EngineConfig::Embedded(embedded) => embedded,
        EngineConfig::Remote(remote) => panic!("{remote:?}"),
    }
}

fn remote(config: Config) -> RemoteConfig {
    match config.engine {
        EngineConfig::Remote(remote) => remote,
        EngineConfig::Embedded(embedded) => panic!("{embedded:?}"),
    }
}

#[test]
fn the_command_is_well_formed() {
    RawConfig::command().debug_assert();
}

#[test]
fn every_option_has_its_variable() {
    for argument in RawConfig::command().get_arguments() {
        let Some(long) = argument.get_long() else {
            continue;
        };
        let variable = format!("SLUICE_{}", long.replace('-', "_").to_uppercase());
        assert_eq!(
            argument.get_env().unwrap().to_str(),
            Some(variable.as_str())
        );
    }
}

#[test]
fn without_options_the_defaults_hold() {
    let config = parse(&[]).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:50051");
    assert_eq!(config.drain_timeout, Duration::from_secs(30));
    assert_eq!((config.admin_listen, config.rpc.metrics), (None, false));
    assert_eq!(
        (config.port.max_age, config.port.max_age_grace),
        (None, None)
    );
    assert_eq!(config.rpc.max_message_bytes, 16 << 20);
    assert_eq!(config.transfer.max_transfers, 64);
    assert_eq!(config.transfer.queue_timeout, Duration::from_secs(120));
    assert_eq!(config.rpc.body_timeout, Duration::from_secs(30));
    assert_eq!(config.rpc.max_preview_bytes, 3 << 20);
    assert_eq!(config.transfer.block_rows, 262_144);
    assert_eq!(config.rpc.idle_timeout, Duration::from_secs(60));
    let embedded = embedded(config);
    assert_eq!(embedded.data_dir, PathBuf::from("./sluice-data"));
    assert_eq!((embedded.http_port, embedded.library), (None, None));
}

#[test]
fn options_are_taken() {
    let config = parse(&[
        "--listen=[::1]:0",
        "--embedded-http-port=8123",
        "--block-bytes=1MiB",
        "--max-transfers=7",
        "--queue-timeout=7s",
        "--body-timeout=8s",
        "--max-preview-bytes=64KiB",
        "--idle-timeout=500ms",
        "--drain-timeout=0s",
    ])
    .unwrap();
    assert_eq!(config.listen.to_string(), "[::1]:0");
    assert_eq!(config.transfer.block_bytes, 1 << 20);
    assert_eq!(config.transfer.max_transfers, 7);
    assert_eq!(config.transfer.queue_timeout, Duration::from_secs(7));
    assert_eq!(config.rpc.body_timeout, Duration::from_secs(8));
    assert_eq!(config.rpc.max_preview_bytes, 64 << 10);
    assert_eq!(config.rpc.idle_timeout, Duration::from_millis(500));
    assert_eq!(config.drain_timeout, Duration::ZERO);
    assert_eq!(embedded(config).http_port, Some(8123));
}

#[test]
fn a_server_on_this_machine_is_no_lame_duck_unless_it_is_told_to() {
    let lame_duck = |arguments: &[&str]| parse(arguments).unwrap().lame_duck;
    assert_eq!(lame_duck(&[]), Duration::ZERO);
    let open = ["--listen=0.0.0.0:1", "--allow-open"];
    assert_eq!(lame_duck(&open), Duration::from_secs(5));
    assert_eq!(lame_duck(&["--lame-duck=7s"]), Duration::from_secs(7));
}

#[test]
fn the_options_of_operation_are_taken_and_judged() {
    let config = parse(&[
        "--admin-listen=[::]:9464",
        "--metrics",
        "--max-connection-age=30m",
        "--max-connection-age-grace=0s",
    ])
    .unwrap();
    assert_eq!(config.admin_listen.unwrap().to_string(), "[::]:9464");
    assert!(config.rpc.metrics);
    assert_eq!(config.port.max_age, Some(Duration::from_secs(1800)));
    assert_eq!(config.port.max_age_grace, Some(Duration::ZERO));
    let faulty = [
        "--admin-listen=127.0.0.1:50051",
        "--max-connection-age-grace=1s",
    ];
    assert_eq!(
        faulty_options(&faulty),
        ["max-connection-age-grace", "admin-listen"]
    );
    assert_eq!(
        faulty_options(&["--admin-listen=9464", "--max-connection-age=0s"]),
        ["max-connection-age", "admin-listen"]
    );
}

#[test]
fn trusted_proxies_are_addresses_and_networks() {
    let config = parse(&["--trusted-proxies=10.0.0.7,2001:db8::/32"]).unwrap();
    let texts: Vec<_> = config
        .access
        .trusted_proxies
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(texts, ["10.0.0.7/32", "2001:db8::/32"]);
    let faulty = faulty_options(&["--trusted-proxies=proxy.example"]);
    assert_eq!(faulty, ["trusted-proxies"]);
}

#[test]
fn whoever_asks_for_health_reads_the_configuration_of_the_server() {
    let line = [
        "sluice-server",
        "health",
        "--listen=[::]:7",
        "--address=127.0.0.1:8",
        "--allow-open",
    ];
    let Invocation::Health { config, address } = Invocation::from_arguments(line).unwrap() else {
        panic!("another command");
    };
    assert_eq!(config.listen.port(), 7);
    assert_eq!(address.unwrap().port(), 8);
}

#[test]
fn all_faults_are_reported_together() {
    let faulty = faulty_options(&[
        "--listen=nowhere",
        "--embedded-http-port=0",
        "--web-dir=/nowhere/at/all",
        "--max-message-bytes=1",
        "--max-transfers=none",
        "--idle-timeout=0s",
        "--drain-timeout=30",
        "--log=a=b=c",
        "--log-format=xml",
    ]);
    assert_eq!(
        faulty,
        [
            "listen",
            "max-transfers",
            "embedded-http-port",
            "max-message-bytes",
            "idle-timeout",
            "web-dir",
            "drain-timeout",
            "log",
            "log-format"
        ]
    );
}

#[test]
fn a_fault_names_option_variable_and_range() {
    let text = parse(&["--block-bytes=2GiB"]).unwrap_err().to_string();
    assert_eq!(
        text,
        "the configuration cannot be used\n  --block-bytes (SLUICE_BLOCK_BYTES): 2GiB is out of \
         range; the range is 64KiB to 1GiB"
    );
}

#[test]
fn limits_hold_at_both_ends() {
    for good in [
        "--max-transfers=1",
        "--max-transfers=10000",
        "--block-bytes=64KiB",
    ] {
        parse(&[good]).unwrap();
    }
    for bad in [
        "--max-transfers=0",
        "--max-transfers=10001",
        "--block-bytes=65535",
    ] {
        assert_eq!(faulty_options(&[bad]).len(), 1, "{bad}");
    }
}

#[test]
fn a_remote_engine_refuses_the_options_of_the_embedded_one() {
    let faulty = faulty_options(&[
        "--clickhouse-url=http://db:8123",
        "--data-dir=x",
        "--embedded-http-port=1",
        "--engine-library=y",
    ]);
    assert_eq!(faulty, ["data-dir", "embedded-http-port", "engine-library"]);
}

#[test]
fn an_embedded_engine_refuses_the_options_of_a_remote_one() {
    let faulty = faulty_options(&["--clickhouse-user=u", "--clickhouse-database=d"]);
    assert_eq!(faulty, ["clickhouse-user", "clickhouse-database"]);
}

#[test]
fn a_remote_engine_has_defaults() {
    let remote = remote(parse(&["--clickhouse-url=http://db:8123/"]).unwrap());
    assert_eq!(remote.url, "http://db:8123");
    assert_eq!(
        (remote.user.as_str(), remote.database.as_str()),
        ("default", "default")
    );
    assert!(remote.password.is_empty());
}

#[test]
fn addresses_that_cannot_work_are_refused() {
    for url in [
        "db:8123",
        "https://db",
        "http://db?x=1",
        "ftp://db",
        "http://",
        "",
    ] {
        assert_eq!(
            faulty_options(&["--clickhouse-url", url]),
            ["clickhouse-url"],
            "{url}"
        );
    }
}

#[test]
fn a_password_in_the_address_is_refused_and_not_shown() {
    let text = parse(&["--clickhouse-url=http://u:hunter2@db"])
        .unwrap_err()
        .to_string();
    assert!(!text.contains("hunter2"), "{text}");
    assert!(text.contains("--clickhouse-password-file"), "{text}");
}

#[test]
fn the_password_file_loses_one_line_end_and_is_masked() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("secret");
    // Longer than chance can put into the name of the directory, which is shown.
    for (content, expected) in [
        ("hunter2hunter2", "hunter2hunter2"),
        ("hunter2hunter2\n", "hunter2hunter2"),
        ("hunter2hunter2\r\n", "hunter2hunter2"),
        ("hunter2hunter2 \n\n", "hunter2hunter2 \n"),
    ] {
        crate::secret_file::write(&file, content);
        let file = file.to_str().unwrap();
        let config = parse(&[
            "--clickhouse-url=http://db",
            "--clickhouse-password-file",
            file,
        ])
        .unwrap();
        let shown = format!("{config} {config:?}");
        assert!(shown.contains("password: ***"), "{shown}");
        assert!(!shown.contains("hunter2"), "{shown}");
        assert_eq!(remote(config).password.expose(), expected);
    }
}

#[test]
fn a_password_file_that_is_missing_is_a_fault() {
    let faulty = faulty_options(&[
        "--clickhouse-url=http://db",
        "--clickhouse-password-file=/nowhere",
    ]);
    assert_eq!(faulty, ["clickhouse-password-file"]);
}

#[test]
fn the_configuration_is_shown_on_one_line() {
    let shown = parse(&[]).unwrap().to_string();
    assert!(
        shown.starts_with("listen=127.0.0.1:50051 data-dir=./sluice-data "),
        "{shown}"
    );
    assert!(
        shown.contains(" block-bytes=16MiB ") && shown.contains(" idle-timeout=1m "),
        "{shown}"
    );
    assert!(!shown.contains('\n'));
}

#[test]
fn the_child_s_command_keeps_its_arguments() {
    let line = [
        "sluice-server",
        "engine-host",
        "--library",
        "/l.so",
        "--",
        "--path=/d",
        "--query",
    ];
    let Invocation::HostEngine(request) = Invocation::from_arguments(line).unwrap() else {
        panic!("not the child");
    };
    assert_eq!(request.library, PathBuf::from("/l.so"));
    assert_eq!(request.arguments, ["--path=/d", "--query"]);
}

#[test]
fn the_child_s_command_is_hidden() {
    let help = RawConfig::command().render_long_help().to_string();
    assert!(
        help.contains("--listen") && !help.contains("engine-host"),
        "{help}"
    );
}
