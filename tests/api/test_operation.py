"""Probes, figures, and the authority's files."""

from __future__ import annotations

import pytest
from cryptography import x509
from fastapi.testclient import TestClient

from core.errors import SettingUnusable
from tests.api.world import World


def near(world: World, address: str = "127.0.0.1", **headers: str) -> TestClient:
    return TestClient(world.app, client=(address, 40000), headers=headers)


def test_alive_asks_nobody(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world.runtime, "database", None)

    assert world.client().get("/healthz").json() == {"status": "ok"}


def test_ready_asks_every_back_end(world: World) -> None:
    answer = world.client().get("/readyz")

    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ready", "parts": {"database": "ok", "objects": "ok", "search": "ok"}
    }  # fmt: skip


def test_a_back_end_that_is_away_is_named(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise SettingUnusable(setting="VERMILION_DATABASE_URL", reason="refused")

    monkeypatch.setattr(world.runtime.database, "ping", away)

    answer = world.client().get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["parts"] == {"database": "setting-unusable", "objects": "ok", "search": "ok"}


def test_figures_name_routes_and_never_people(world: World) -> None:
    client = world.client("staff")
    client.get("/api/v1/documents/0192f0c1-7c3a-7b1e-9d55-3a2f5a8c1d20")

    text = near(world).get("/metrics").text

    assert 'route="/api/v1/documents/{document_id}",status="404"' in text
    assert "0192f0c1" not in text
    assert 'vermilion_jobs{state="waiting"}' in text


@pytest.mark.parametrize("address", ["10.0.0.7", "203.0.113.9", "2001:db8::1", "testclient"])
def test_figures_are_closed_to_the_outside(world: World, address: str) -> None:
    answer = near(world, address).get("/metrics")

    assert (answer.status_code, answer.json()["code"]) == (403, "not-for-outside")


def test_a_web_server_in_front_does_not_make_the_world_local(world: World) -> None:
    forwarded = near(world, **{"X-Forwarded-For": "203.0.113.9"})

    assert forwarded.get("/metrics").status_code == 403


def test_figures_are_open_to_an_administrators_token_only(world: World) -> None:
    assert world.client("admin").get("/metrics").status_code == 200
    assert world.client("admin", ["read"]).get("/metrics").status_code == 403
    assert world.client("staff").get("/metrics").status_code == 403
    assert world.client(Authorization="Bearer no").get("/metrics").status_code == 401


@pytest.mark.parametrize("name", ["root.crt", "issuing.crt"])
def test_certificates_are_open_to_everybody(world: World, name: str) -> None:
    answer = world.client().get(f"/pki/{name}")

    assert answer.headers["content-type"] == "application/pkix-cert"
    assert x509.load_der_x509_certificate(answer.content).subject


@pytest.mark.parametrize("name", ["root.crl", "issuing.crl"])
def test_revocation_lists_are_open_to_everybody(world: World, name: str) -> None:
    assert x509.load_der_x509_crl(world.client().get(f"/pki/{name}").content).issuer


@pytest.mark.parametrize("name", ["root.key", "..%2f..%2fmaster.key", "x"])
def test_nothing_else_is_there(world: World, name: str) -> None:
    answer = world.client().get(f"/pki/{name}")

    assert answer.status_code == 404
