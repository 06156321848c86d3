"""Addresses of a cluster, its versions, and secrets that stay such. No server of its own is needed."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from core.errors import SettingUnusable
from core.settings import Settings
from search.elastic_address import Access, read_address
from search.errors import SearchUnavailable
from search.opening import open_index, open_index_of

SETTING = "VERMILION_SEARCH_URL"


@contextmanager
def answering(version: str, product: str = "Elasticsearch") -> Iterator[tuple[str, list[str]]]:
    """Something that says it is a server of a version; yields the URL and what authorises each request."""
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.headers.get("Authorization", ""))
            body = json.dumps({"nodes": {"a": {"version": "8.19.4"}, "b": {"version": version}}}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("X-Elastic-Product", product)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"elasticsearch+http://127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        server.server_close()


def test_https_to_a_port_without_tls_is_said_at_the_start() -> None:
    with answering("8.19.0") as (url, seen), pytest.raises(SettingUnusable) as refused:
        open_index(url.replace("+http", "+https"))
    assert " speaks no TLS: write elasticsearch+http://" in str(refused.value)
    assert seen == []


def test_what_takes_connections_and_says_nothing_is_away_whatever_the_scheme() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        threading.Thread(target=_hang_up, args=(listening,), daemon=True).start()
        for scheme in ("http", "https"):
            index = open_index(f"elasticsearch+{scheme}://127.0.0.1:{port}")
            with pytest.raises(SearchUnavailable):
                index.count()
            index.close()


def _hang_up(listening: socket.socket) -> None:
    while True:
        try:
            listening.accept()[0].close()
        except OSError:
            return


@pytest.mark.parametrize("version", ["7.17.29", "8.18.4", "8.9.0", "10.0.0"])
def test_a_version_that_is_not_spoken_to_is_refused_with_both_versions(version: str) -> None:
    with answering(version) as (url, _), pytest.raises(SettingUnusable) as refused:
        open_index(url)
    assert refused.value.context["setting"] == SETTING
    assert f"Elasticsearch {version}" in str(refused.value) and "8.19" in str(refused.value)


@pytest.mark.parametrize(
    ("version", "is_untested"), [("8.19.0", False), ("8.20.1-SNAPSHOT", False), ("9.1.0", True)]
)
def test_a_later_8_is_spoken_to_and_9_is_said_to_be_untested(
    version: str, is_untested: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    log = SimpleNamespace(warning=lambda event, **_: said.append(event))
    monkeypatch.setattr("search.elastic_client.log", log)  # how the process logs is for others to say
    with answering(version) as (url, _):
        open_index(url).close()
    assert ("search_engine_untested" in said) is is_untested


def test_what_is_not_elasticsearch_is_refused() -> None:
    with answering("8.19.4", product="Other") as (url, _), pytest.raises(SettingUnusable) as refused:
        open_index(url)
    assert "is not Elasticsearch" in str(refused.value)


def test_an_api_key_is_sent_and_kept_to_itself(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("VuaCfGcBCdbkQm-e5aOx:ui2lp2axTNmsyakw9tvNnw==\n")
    with answering("8.19.4") as (url, seen):
        settings = Settings(home=tmp_path, search_url=f"{url}/vermilion", search_api_key_file=key)
        settings.check()
        index = open_index_of(settings)
        index.close()
    assert seen == ["ApiKey VuaCfGcBCdbkQm-e5aOx:ui2lp2axTNmsyakw9tvNnw=="]
    assert "VuaCf" not in repr(read_address(url, Access(api_key_file=key), SETTING))


def test_an_address_names_hosts_prefix_and_copies() -> None:
    url = "elasticsearch+https://archive:p%40ss%2F@es1,es2:9201,[::1]:9202/seals-2?shards=3&replicas=0"
    address = read_address(url, Access(), SETTING)
    assert address.hosts == (("es1", 9200), ("es2", 9201), ("::1", 9202))
    assert (address.prefix, address.shards, address.replicas) == ("seals-2", 3, 0)
    assert (address.user, address.password, address.is_encrypted) == ("archive", "p@ss/", True)
    assert "p@ss" not in repr(address)
    plain = read_address("elasticsearch+http://es1", Access(), SETTING)
    assert (plain.prefix, plain.shards, plain.replicas, plain.is_encrypted) == ("vermilion", 1, None, False)


@pytest.mark.parametrize(
    "url",
    [
        "elasticsearch+http://", "elasticsearch+http:///vermilion", "elasticsearch+http://es1:port/x",
        "elasticsearch+http://es1:70000", "elasticsearch+http://es1/Upper", "elasticsearch+http://es1/a/b",
        "elasticsearch+http://es1/x?shards=0", "elasticsearch+http://es1/x?shards=many",
        "elasticsearch+http://es1/x?copies=2", "elasticsearch+http://user@es1/x",
        "elasticsearch+http://:hunter-2@es1/x", "elasticsearch+http://u:hunter-2@es1:port/x",
        "elasticsearch+http://u:hunter-2@es1/x?shards=-1", "elasticsearch+http://[es1/x",
    ],
)  # fmt: skip
def test_an_address_that_cannot_be_used_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(SettingUnusable) as refused:
        open_index(url)
    assert refused.value.context["setting"] == SETTING
    assert "hunter-2" not in str(refused.value)


def test_files_that_open_the_door_are_named_when_they_cannot_be_used(tmp_path: Path) -> None:
    empty, secret = tmp_path / "empty", tmp_path / "secret"
    empty.write_text("\n")
    secret.write_text("hunter-2\n")
    missing = tmp_path / "missing"
    https, http = "elasticsearch+https://u@es1/x", "elasticsearch+http://u@es1/x"
    for url, access, setting in (
        (https, Access(password_file=missing), "VERMILION_SEARCH_PASSWORD_FILE"),
        (https, Access(password_file=empty), "VERMILION_SEARCH_PASSWORD_FILE"),
        (https, Access(password_file=secret, api_key_file=secret), "VERMILION_SEARCH_API_KEY_FILE"),
        (https, Access(password_file=secret, ca_file=missing), "VERMILION_SEARCH_CA_FILE"),
        (http, Access(password_file=secret, ca_file=secret), "VERMILION_SEARCH_CA_FILE"),
        (https, Access(password_file=secret, ca_file=secret), "VERMILION_SEARCH_CA_FILE"),
    ):
        with pytest.raises(SettingUnusable) as refused:
            open_index(url, access)
        assert refused.value.context["setting"] == setting, (url, access)
        assert "hunter-2" not in str(refused.value)
