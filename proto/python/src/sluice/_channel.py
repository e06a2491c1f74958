"""One connection to the server, shared by every call.

It must never send a secret where others can read it.
"""

from __future__ import annotations

import ipaddress
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import grpc
from google.protobuf.message import Message

from sluice.errors import of_call

R = TypeVar("R", bound=Message)

#: A token, or what returns one: it is asked before each call.
Token = str | Callable[[], str]
PathLike = str | os.PathLike[str]

OPTIONS: list[tuple[str, Any]] = [
    # A row that was rejected can be as long as the server's limit for a record.
    ("grpc.max_receive_message_length", 1 << 30),
    ("grpc.max_send_message_length", -1),
    # A server that vanished is noticed.
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    # Whether and where a call goes on is decided here.
    ("grpc.enable_retries", 0),
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1_000),
    ("grpc.max_reconnect_backoff_ms", 2_000),
]


class Channel:
    """Calls to one server, with the same headers each."""

    def __init__(
        self,
        url: str,
        *,
        token: Token | None,
        token_file: PathLike | None,
        place: dict[str, str | None],
        ca: PathLike | None,
        cert: PathLike | None,
        key: PathLike | None,
    ) -> None:
        """Prepare a connection; the first call opens it."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/"):
            raise ValueError(f"{url} is not the address of a server: http://HOST:PORT or https://…")
        if token is not None and token_file is not None:
            raise ValueError("token and token_file are the same thing: give one")
        if (cert is None) != (key is None):
            raise ValueError("cert and key belong together")
        secret = token is not None or token_file is not None
        secret = secret or any(place.get(name) for name in ("password", "clickhouse_token"))
        if secret and parts.scheme == "http" and not _is_loopback(parts.hostname):
            raise ValueError(f"the secret would go to {url} where others can read it: use https://")
        if parts.scheme == "http" and (ca is not None or cert is not None):
            raise ValueError(f"ca, cert and key are for https://, not for {url}")
        self.url = url
        self._token = token
        self._token_file = token_file
        self._headers = _headers(place)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        target = f"{host}:{port}"
        if parts.scheme == "https":
            files = [None if file is None else Path(file).read_bytes() for file in (ca, key, cert)]
            credentials = grpc.ssl_channel_credentials(*files)
            self._open: Callable[[], grpc.Channel] = lambda: grpc.secure_channel(target, credentials, OPTIONS)
        else:
            self._open = lambda: grpc.insecure_channel(target, OPTIONS)
        self._lock = threading.Lock()
        self._grpc: grpc.Channel | None = None
        self._closed = False

    @property
    def renews_token(self) -> bool:
        """Whether each call asks for the token anew."""
        return self._token_file is not None or callable(self._token)

    def close(self) -> None:
        """Close the connection; calls that run are cancelled."""
        with self._lock:
            self._closed = True
            if self._grpc is not None:
                self._grpc.close()

    def unary(
        self,
        method: str,
        request: Message,
        response: type[R],
        *,
        transfer_id: str = "",
        timeout: float | None = None,
    ) -> R:
        """Make a call with one answer. Raises `Error`."""
        call = self._channel().unary_unary(
            _path(method),
            request_serializer=_serialize,
            response_deserializer=response.FromString,
        )
        try:
            answer: R = call(request, timeout=timeout, metadata=self._metadata(transfer_id))
        except grpc.RpcError as failure:
            raise of_call(failure, transfer_id) from None
        return answer

    def stream(self, method: str, request: Message, response: type[R], *, transfer_id: str = "") -> Any:
        """Make a call with many answers: an iterator that can be cancelled."""
        call = self._channel().unary_stream(
            _path(method),
            request_serializer=_serialize,
            response_deserializer=response.FromString,
        )
        return call(request, metadata=self._metadata(transfer_id))

    def upload(self, method: str, requests: Iterator[Any], response: type[R], *, transfer_id: str) -> Any:
        """Begin a call with many messages: a future."""
        # What is sent is made already: `requests` yields bytes.
        call: Any = self._channel().stream_unary(
            _path(method), request_serializer=None, response_deserializer=response.FromString
        )
        return call.future(requests, metadata=self._metadata(transfer_id))

    def _channel(self) -> grpc.Channel:
        with self._lock:
            if self._closed:
                raise ValueError("the client is closed")
            if self._grpc is None:
                self._grpc = self._open()
            return self._grpc

    def _metadata(self, transfer_id: str) -> tuple[tuple[str, str], ...]:
        metadata = list(self._headers)
        if transfer_id:
            # A proxy before several servers chooses one by it.
            metadata.append(("sluice-transfer-id", transfer_id))
        token = self._token
        if self._token_file is not None:
            token = Path(self._token_file).read_text(encoding="ascii")
        if callable(token):
            token = token()
        if token is not None:
            metadata.append(("authorization", f"Bearer {token.strip()}"))
        return tuple(metadata)


def _serialize(message: Message) -> bytes:
    return message.SerializeToString()


def _path(method: str) -> str:
    return f"/sluice.v1.{method}"


def _headers(place: dict[str, str | None]) -> list[tuple[str, str]]:
    if place.get("clickhouse") is None:
        for name in ("user", "password", "database", "clickhouse_token"):
            if place.get(name) is not None:
                raise ValueError(
                    f"{name} belongs to a ClickHouse of your own: give its address as clickhouse= "
                    "(to the server itself you show a token or a certificate)"
                )
    names = {
        "connection": "sluice-connection",
        "clickhouse": "sluice-clickhouse-url",
        "database": "sluice-clickhouse-database",
        "user": "sluice-clickhouse-user",
        "password": "sluice-clickhouse-password",
        "clickhouse_token": "sluice-clickhouse-token",
    }
    found = ((header, place.get(name)) for name, header in names.items())
    return [(header, quote(value, safe="")) for header, value in found if value is not None]


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
