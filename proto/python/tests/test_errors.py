"""Errors: typed, with what the server said."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from conftest import Server, server_binary

import sluice
from sluice.errors import class_of
from sluice.v1 import errors_pb2


def test_no_such_table(client: sluice.Client) -> None:
    with pytest.raises(sluice.PreconditionError) as caught:
        client.upload(b"a\n1\n", "default.nobody")
    error = caught.value
    assert error.reason == sluice.Reason.TABLE_NOT_FOUND and error.code == "NOT_FOUND"
    assert "nobody" in str(error) and "nobody" in error.metadata["table"]
    assert error.transfer_id and error.retry_after is None


def test_a_bad_cell_has_its_place(client: sluice.Client, table: str) -> None:
    statement = f"CREATE TABLE {table} (n UInt8) ENGINE = MergeTree ORDER BY n"
    client.upload(b"n\n1\n", table, create_statement=statement)
    with pytest.raises(sluice.DataError) as caught:
        client.upload(b"n\n1\n300\n", table)
    error = caught.value
    assert error.reason == "OVERFLOW"
    assert (error.metadata["line"], error.metadata["column"], error.metadata["value"]) == ("3", "n", "300")
    assert "300" in str(error) and error.rows_left == 0
    assert client.preview(table).rows == [["1"]]


def test_a_wrong_request_names_its_fields(client: sluice.Client) -> None:
    with pytest.raises(sluice.RequestError) as caught:
        client.preview("default.x", limit=1_000_000)
    assert caught.value.reason == sluice.Reason.INVALID_REQUEST
    assert "limit" in caught.value.fields
    with pytest.raises(sluice.RequestError) as caught:
        client.export(query="DROP TABLE x")
    assert caught.value.reason == sluice.Reason.NOT_A_SELECT


def test_nobody_is_there() -> None:
    with sluice.connect("http://127.0.0.1:1") as client:
        with pytest.raises(sluice.Unavailable, match="no connection"):
            client.ping()
        with pytest.raises(sluice.Unavailable) as caught:
            client.upload(b"a\n1\n", "t", retry_time=0.5)
    assert caught.value.transfer_id in caught.value.hint


def test_secrets_stay_private() -> None:
    with pytest.raises(ValueError, match="https"):
        sluice.connect("http://192.0.2.1:50051", token="secret")
    with pytest.raises(ValueError, match="clickhouse="):
        sluice.connect(user="alice", password="secret")
    with pytest.raises(ValueError, match="belong together"):
        sluice.connect("https://localhost", cert="cert.pem")
    with pytest.raises(ValueError, match="address"):
        sluice.connect("localhost:50051")


def test_every_reason_has_a_class() -> None:
    names = {name.removeprefix("ERROR_REASON_") for name in errors_pb2.ErrorReason.keys()}
    assert names - {"UNSPECIFIED"} == {reason.value for reason in sluice.Reason}
    assert class_of("INVALID_ARGUMENT", "OVERFLOW") is sluice.DataError
    assert class_of("INVALID_ARGUMENT", "INVALID_QUERY") is sluice.RequestError
    assert class_of("NOT_FOUND", "TABLE_NOT_FOUND") is sluice.PreconditionError
    assert class_of("RESOURCE_EXHAUSTED", "MEMORY_LIMIT") is sluice.Unavailable
    assert class_of("PERMISSION_DENIED", "SCOPE_MISSING") is sluice.NotAllowed
    assert class_of("FAILED_PRECONDITION", "OF_A_LATER_VERSION") is sluice.PreconditionError
    assert class_of("INTERNAL", "INTERNAL") is sluice.Error


def test_a_token_is_asked_for_each_call(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.touch(mode=0o600)
    secret.write_text("0123456789abcdef0123456789abcdef0123456789abcdef")
    make: list[str | Path] = [
        server_binary(),
        "token",
        "--key",
        secret,
        "--subject",
        "alice",
        "--tables",
        "default.mine",
    ]
    token: str = subprocess.run(
        [*make, "--scopes", "ingest:upload,ingest:export,catalog:read"], check=True, capture_output=True, text=True
    ).stdout
    server = Server(tmp_path / "data", f"--auth-secret-file={secret}")
    server.start()
    try:
        with sluice.connect(server.url) as client:
            assert client.server_info().requires_token
            with pytest.raises(sluice.NotAllowed) as caught:
                client.upload(b"a\n1\n", "default.mine", create=True)
            assert caught.value.reason == sluice.Reason.TOKEN_MISSING
        with sluice.connect(server.url, token=token) as client:
            result = client.upload(b"a\n1\n", "default.mine", create=True)
            assert client.transfer(result.transfer_id).owner == "alice"
            with pytest.raises(sluice.NotAllowed) as caught:
                client.upload(b"a\n1\n", "default.others", create=True)
            assert caught.value.reason == sluice.Reason.TABLE_NOT_ALLOWED
        asked = []

        def fresh() -> str:
            asked.append(1)
            return token

        with sluice.connect(server.url, token=fresh) as client:
            assert client.preview("default.mine").rows == [["1"]]
            client.tables()
        assert len(asked) == 2
    finally:
        server.stop()
