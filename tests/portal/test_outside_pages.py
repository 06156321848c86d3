"""The pages of the offline root, of outside lists, of one's own certificate and of a seal's key."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import select

from signing import root_folder, trust
from signing.models import Certificate, Credential, Seal
from signing.root_papers import read_request, write_answer
from signing.service import SigningService
from tests.api.world import World, make_world
from tests.builders import PIN
from tests.outside import PASSWORD, OutsideAuthority, name_of
from tests.portal.test_archive_pages import browser, post, token_in
from tests.seals import make_seal
from vermilion import assembly

MINE, LISTS, OFFLINE = "/me/certificate", "/admin/certificates/lists", "/admin/certificates/offline-root"
PASSPHRASE = "correct horse battery"


@pytest.fixture(scope="module")
def elsewhere() -> OutsideAuthority:
    return OutsideAuthority(datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, elsewhere: OutsideAuthority) -> Iterator[World]:
    made = make_world(tmp_path_factory.mktemp("outside"))
    made.enrol("head")
    make_seal(made.runtime.get(SigningService), made.company)
    with made.runtime.database.write() as session:
        trust.add_root(session, made.runtime.clock, None, elsewhere.root_pem, "both", "signs for us")
    yield made
    assembly.close(made.runtime)


def send(client: TestClient, form: str, address: str, file: bytes, /, **fields: str) -> Response:
    token = token_in(client.get(form).text)
    return client.post(address, data={"csrf_token": token, **fields}, files={"file": ("file", file)})


def signing(world: World) -> SigningService:
    return world.runtime.get(SigningService)


def certificate_of(world: World, username: str) -> Certificate:
    with world.runtime.database.read() as session:
        return session.scalars(
            select(Certificate)
            .join(Credential, Credential.certificate_id == Certificate.id)
            .where(Credential.person_id == world.company.people[username], Credential.is_active)
        ).one()


def no_keys_shown(page: str) -> None:
    """Every text was found."""
    assert not re.findall(r">\s*(?:my-certificate|offline-root|outside-list|seal-key|pki)-[a-z-]+", page)


def test_a_person_brings_their_certificate_and_sees_it(world: World, elsewhere: OutsideAuthority) -> None:
    client = browser(world, "head")
    before = certificate_of(world, "head")
    data = elsewhere.person("王芳")
    wrong = {
        "pin": {"pin": "000111", "password": PASSWORD},
        "password": {"pin": PIN, "password": "wrong"},
    }
    for field, fields in wrong.items():
        answer = send(client, MINE, MINE, data, **fields)
        assert answer.status_code == 422 and f'id="error-{field}"' in answer.text
    assert (
        'id="error-file"'
        in send(client, MINE, MINE, elsewhere.person("李四"), pin=PIN, password=PASSWORD).text
    )
    assert 'id="error-file"' in send(client, MINE, MINE, b"", pin=PIN).text
    assert certificate_of(world, "head").id == before.id

    answer = send(client, MINE, MINE, data, pin=PIN, password=PASSWORD)

    assert answer.status_code == 200 and "an outside authority" in answer.text
    assert "No current revocation list of “Elsewhere Issuing”" in answer.text
    assert certificate_of(world, "head").outside_chain
    assert PIN not in answer.text and PASSWORD not in answer.text
    no_keys_shown(answer.text)
    assert MINE in client.get("/me").text


def test_who_has_no_pin_is_asked_for_a_new_one(world: World, elsewhere: OutsideAuthority) -> None:
    client = browser(world, "legal")
    assert "hint-pin" in client.get(MINE).text
    answer = send(client, MINE, MINE, elsewhere.person("刘洋"), pin="958204", password=PASSWORD)
    assert answer.status_code == 200
    assert certificate_of(world, "legal").outside_chain


def test_a_form_without_its_token_changes_nothing(world: World) -> None:
    for username, address in (("finance", MINE), ("admin", LISTS), ("admin", f"{OFFLINE}/answer")):
        answer = browser(world, username).post(address, data={"pin": PIN})
        assert answer.status_code == 403


def test_lists_are_brought_and_what_lacks_one_is_said(world: World, elsewhere: OutsideAuthority) -> None:
    client = browser(world, "admin")
    signing(world).bring_certificate(world.company.principal("head"), PIN, elsewhere.person("王芳"), PASSWORD)
    assert "There is no current revocation list of “Elsewhere Root”" in client.get(LISTS).text
    bad = send(client, LISTS, LISTS, b"no list")
    assert bad.status_code == 422 and 'id="error-file"' in bad.text
    for data in elsewhere.lists():
        shown = send(client, LISTS, LISTS, data)
    assert "There is no current revocation list" not in shown.text
    assert shown.text.count("brought by an administrator") == 2
    no_keys_shown(shown.text)
    health = client.get("/admin/certificates").text
    assert LISTS in health and OFFLINE in health


def test_the_offline_root_is_asked_and_answered_through_the_portal(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(root_folder, "ROUNDS", 1000)
    client = browser(world, "admin")
    shown = client.get(OFFLINE).text
    assert "on this server" in shown and "vermilion ca move-root" in shown
    refused = post(client, OFFLINE, f"{OFFLINE}/request")
    assert refused.status_code == 409
    signing(world).offline_root.move(tmp_path / "root", PASSPHRASE)

    asked = post(client, OFFLINE, f"{OFFLINE}/request", issuing="yes")

    assert "attachment" in asked.headers["content-disposition"]
    request = read_request(asked.content)
    assert request.signing_request is not None
    assert str(request.number) in client.get(OFFLINE).text
    again = read_request(post(client, OFFLINE, f"{OFFLINE}/request").content)
    assert again.number == request.number
    root = root_folder.open_root(tmp_path / "root", PASSPHRASE)
    answer = write_answer(root_folder.answer(root, request, world.runtime.clock.now()))
    spoilt = json.loads(answer) | {"certificate": None}
    bad = send(client, OFFLINE, f"{OFFLINE}/answer", json.dumps(spoilt).encode())
    assert bad.status_code == 409 and 'id="error-file"' in bad.text
    done = send(client, OFFLINE, f"{OFFLINE}/answer", answer)
    assert done.status_code == 200 and "offline" in done.text and str(request.number) not in done.text
    no_keys_shown(done.text)
    issuing = signing(world).certificates.listed(None, role="issuing")
    assert len(issuing) == 2


@pytest.mark.parametrize("username", ["staff", "keeper", "legal", "auditor"])
def test_only_administrators_see_these_pages(world: World, username: str) -> None:
    client = browser(world, username)
    for address in (LISTS, OFFLINE):
        assert client.get(address).status_code == 403


def test_who_may_ask_for_changes_of_a_seal_may_offer_it_a_key(world: World) -> None:
    with world.runtime.database.read() as session:
        seal_id = session.scalars(select(Seal.id)).one()
    address = f"/seals/{seal_id}/key"
    expected = {"staff": 403, "auditor": 404, "keeper": 200, "legal": 200, "admin": 200}
    for username, status in expected.items():
        client = browser(world, username)
        assert client.get(address).status_code == status, username
        shown = client.get(f"/seals/{seal_id}")
        assert (f'href="{address}"' in shown.text) is (status == 200), username
        if status != 200:
            sent = client.post(
                address, data={"csrf_token": token_in(client.get("/me").text), "kind": "new", "reason": "x"}
            )
            assert sent.status_code == status, username


def test_a_seals_key_is_offered_here_and_decided_by_another(
    world: World, elsewhere: OutsideAuthority
) -> None:
    with world.runtime.database.read() as session:
        seal_id = session.scalars(select(Seal.id)).one()
    address = f"/seals/{seal_id}/key"
    client, key = browser(world, "admin"), ec.generate_private_key(ec.SECP256R1())
    certificate = elsewhere.issue(name_of("云杉测试科技有限公司", "云杉测试科技有限公司"), key)
    file = elsewhere.pkcs12(certificate, key)
    foreign = elsewhere.person("别的公司")
    for data, fields, error in (
        (file, {"password": "wrong", "reason": "x"}, "password"), (foreign, {"reason": "x"}, "file"),
        (b"", {"reason": "x"}, "file"), (file, {"reason": " "}, "reason"),
    ):  # fmt: skip
        answer = send(client, address, address, data, kind="file", **{"password": PASSWORD, **fields})
        assert answer.status_code == 422 and f'id="error-{error}"' in answer.text, error
    shown = send(client, address, address, file, kind="file", password=PASSWORD, reason="换证书")
    change = shown.url.path
    assert change.startswith("/seals/changes/") and "换证书" in shown.text
    assert "Certificate of another authority" in shown.text and f"{certificate.serial_number:x}" in shown.text
    assert 'value="agree"' not in shown.text and PASSWORD not in shown.text
    no_keys_shown(shown.text)
    assert post(client, change, change, decision="agree").status_code == 403
    second = post(client, address, address, kind="new", reason="noch eine")
    assert second.status_code == 409 and "waits for somebody" in second.text

    agreed = post(browser(world, "legal"), change, change, decision="agree")

    assert agreed.status_code == 200 and agreed.url.path == change
    no_keys_shown(agreed.text)
    with world.runtime.database.read() as session:
        row = session.get_one(Certificate, session.get_one(Seal, seal_id).certificate_id)
    assert row.serial_number == f"{certificate.serial_number:x}" and row.outside_chain
    assert "an outside authority" in client.get(address).text
    fresh = post(client, address, address, kind="new", reason="zurück")
    assert "Fresh key of our own" in fresh.text
    withdrawn = post(client, fresh.url.path, fresh.url.path, decision="withdraw")
    assert withdrawn.status_code == 200 and 'value="withdraw"' not in withdrawn.text
    odd = post(client, address, address, kind="odd", reason="x")
    assert odd.status_code == 422
