//! A ClickHouse that is away, stalls or breaks off, played by a socket.

use std::time::Duration;

use bytes::Bytes;
use sluice_server::clickhouse::{
    Client, ClientConfig, Error, Insert, Query, Timeouts,
    sql::{InsertColumn, TableName, insert_native},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use uuid::Uuid;

use super::{config, free_query, read_all};

const HEAD: &str = "HTTP/1.1 200 OK\r\nX-ClickHouse-Exception-Tag: rnywyenlaeqynhmu\r\n\
    Transfer-Encoding: chunked\r\n\r\n";
const EXCEPTION: &str = "\r\n__exception__\r\nrnywyenlaeqynhmu\r\nCode: 241. DB::Exception: \
    Memory limit exceeded. (MEMORY_LIMIT_EXCEEDED) (version 26.7.2.1)\n96 rnywyenlaeqynhmu\r\n\
    __exception__\r\n";

/// A listener that answers the first request, for settings, with no rows, and a client for it.
async fn stand_in(timeouts: Timeouts) -> (TcpListener, Client) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let client = Client::new(ClientConfig {
        timeouts,
        ..config(&url, "")
    });
    (listener, client)
}

/// Accepts a connection and reads the head of a request.
async fn accept(listener: &TcpListener) -> TcpStream {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        assert!(
            stream.read_buf(&mut head).await.unwrap() > 0,
            "the client hung up"
        );
    }
    stream
}

/// Answers the question for the settings: it knows none of them.
async fn answer_settings(listener: &TcpListener) {
    let mut stream = accept(listener).await;
    let body = b"\x02\x04name\x05value\x06String\x06String";
    let head = format!(
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
}

/// One chunk of a chunked body.
fn chunk(bytes: &[u8]) -> Vec<u8> {
    let mut framed = format!("{:x}\r\n", bytes.len()).into_bytes();
    framed.extend_from_slice(bytes);
    framed.extend_from_slice(b"\r\n");
    framed
}

async fn open_insert(client: &Client, listener: &TcpListener) -> Insert {
    let column = InsertColumn {
        name: "n".to_owned(),
        wire_type: "Int32".to_owned(),
        cast_to: None,
    };
    let statement = insert_native(&TableName::new("", "t"), &[column]);
    let insert = client.insert(&statement, Uuid::new_v4());
    let (insert, ()) = tokio::join!(insert, answer_settings(listener));
    insert.unwrap()
}

async fn open_query(client: &Client, listener: &TcpListener) -> Query {
    let statement = free_query("SELECT 1");
    let query = client.query_native(&statement, Uuid::new_v4());
    let (query, ()) = tokio::join!(query, answer_settings(listener));
    query.unwrap()
}

fn short_limits() -> Timeouts {
    Timeouts {
        statement: Duration::from_millis(300),
        send: Duration::from_millis(300),
        finish: Duration::from_millis(300),
        ..Timeouts::default()
    }
}

#[tokio::test]
async fn nobody_listening_is_unavailable() {
    let (listener, client) = stand_in(Timeouts::default()).await;
    drop(listener);
    let error = client.progress(Uuid::new_v4()).await.unwrap_err();
    assert!(
        matches!(&error, Error::Unavailable { message, .. } if message.contains("refused")),
        "{error}"
    );
    assert!(error.is_retryable());
}

#[tokio::test]
async fn silent_server_runs_into_the_statement_limit() {
    let (_listener, client) = stand_in(short_limits()).await;
    let error = client.progress(Uuid::new_v4()).await.unwrap_err();
    assert!(matches!(error, Error::Timeout { .. }), "{error:?}");
}

#[tokio::test]
async fn insert_that_nobody_reads_runs_into_the_send_limit() {
    let (listener, client) = stand_in(short_limits()).await;
    let mut insert = open_insert(&client, &listener).await;
    let (error, _stream) = tokio::join!(
        async {
            loop {
                if let Err(error) = insert.send(Bytes::from(vec![0; 1 << 20])).await {
                    break error;
                }
            }
        },
        accept(&listener)
    );
    assert!(matches!(error, Error::Timeout { .. }), "{error:?}");
    assert!(insert.send(Bytes::from_static(b"x")).await.is_err());
    assert!(insert.finish().await.is_err());
}

#[tokio::test]
async fn insert_that_is_never_answered_runs_into_the_finish_limit() {
    let (listener, client) = stand_in(short_limits()).await;
    let mut insert = open_insert(&client, &listener).await;
    insert.send(Bytes::from_static(b"x")).await.unwrap();
    let (result, _stream) = tokio::join!(insert.finish(), accept(&listener));
    let error = result.unwrap_err();
    assert!(matches!(error, Error::Timeout { .. }), "{error:?}");
}

#[tokio::test]
async fn server_that_dies_during_an_insert_is_unavailable() {
    let (listener, client) = stand_in(Timeouts::default()).await;
    let mut insert = open_insert(&client, &listener).await;
    let (error, ()) = tokio::join!(
        async {
            loop {
                if let Err(error) = insert.send(Bytes::from(vec![0; 1 << 16])).await {
                    break error;
                }
            }
        },
        async { drop(accept(&listener).await) }
    );
    assert!(
        matches!(
            error,
            Error::Unavailable {
                exception: None,
                ..
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn answer_is_read_although_the_data_was_not() {
    let body = "Code: 60. DB::Exception: Table t does not exist. (UNKNOWN_TABLE)";
    for chunk_bytes in [1_000, 1_000_000].repeat(10) {
        let (listener, client) = stand_in(Timeouts::default()).await;
        let mut insert = open_insert(&client, &listener).await;
        let (error, ()) = tokio::join!(
            async {
                loop {
                    if let Err(error) = insert.send(Bytes::from(vec![0; chunk_bytes])).await {
                        break error;
                    }
                }
            },
            async {
                let mut stream = accept(&listener).await;
                let head = "HTTP/1.1 404 Not Found\r\nX-ClickHouse-Exception-Code: 60\r\n";
                stream.write_all(head.as_bytes()).await.unwrap();
                let rest = format!("Content-Length: {}\r\n\r\n{body}", body.len());
                stream.write_all(rest.as_bytes()).await.unwrap();
            }
        );
        let message = error
            .exception()
            .map(|exception| exception.message.as_str());
        assert_eq!(message, Some("Table t does not exist"), "{error:?}");
    }
}

#[tokio::test]
async fn result_without_an_end_is_unavailable() {
    let (listener, client) = stand_in(Timeouts::default()).await;
    let query = open_query(&client, &listener).await;
    let (result, ()) = tokio::join!(read_all(query), async {
        let mut stream = accept(&listener).await;
        stream.write_all(HEAD.as_bytes()).await.unwrap();
        stream.write_all(&chunk(b"data")).await.unwrap();
    });
    let error = result.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
}

#[tokio::test]
async fn exception_in_any_two_pieces_is_found() {
    for cut in (1..EXCEPTION.len()).step_by(9) {
        let (listener, client) = stand_in(Timeouts::default()).await;
        let query = open_query(&client, &listener).await;
        let (result, ()) = tokio::join!(read_all(query), async {
            let mut stream = accept(&listener).await;
            stream.set_nodelay(true).unwrap();
            let (first, second) = EXCEPTION.as_bytes().split_at(cut);
            stream.write_all(HEAD.as_bytes()).await.unwrap();
            stream.write_all(&chunk(first)).await.unwrap();
            tokio::time::sleep(Duration::from_millis(5)).await;
            stream.write_all(&chunk(second)).await.unwrap();
        });
        let error = result.unwrap_err();
        // The library drops the second piece; the first one ends before the code.
        let is_lost = (34..46).contains(&cut) && matches!(error, Error::Protocol { .. });
        assert!(
            matches!(error, Error::Resources(_)) || is_lost,
            "cut at {cut}: {error:?}"
        );
    }
}
