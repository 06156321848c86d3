"""The pages of people's PKCS#11 tokens: an administrator assigns one, its person signs with a key in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from fastapi.testclient import TestClient
from httpx import Response

from signing import trust
from signing.fields import FieldSpec
from signing.service import SigningService
from signing.verification import verify_pdf
from tests.api.world import World, make_world
from tests.builders import PIN
from tests.office import contract_pdf
from tests.outside import OutsideAuthority, name_of
from tests.portal.test_archive_pages import browser, post, token_in
from tests.signing.softhsm import SoftToken, make_token
from vermilion import assembly

pytestmark = pytest.mark.xdist_group("softhsm")
TOKEN, TOKEN_PIN, NEW_PIN = "王芳的令牌", "483-1592", "907-3541"
MINE, TAKE = "/me/certificate", "/me/certificate/token"


@pytest.fixture(scope="module")
def elsewhere() -> OutsideAuthority:
    return OutsideAuthority(datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1))


@pytest.fixture(scope="module")
def soft(tmp_path_factory: pytest.TempPathFactory, elsewhere: OutsideAuthority) -> SoftToken:
    made = make_token(tmp_path_factory.mktemp("tokens"), "server-of-pages")
    made.add_token(TOKEN, TOKEN_PIN)
    key: Any = made.make_key(TOKEN, TOKEN_PIN, "sign", b"\x21")
    made.put_certificate(TOKEN, TOKEN_PIN, "sign", b"\x21", elsewhere.issue(name_of("王芳"), key))
    made.make_key(TOKEN, TOKEN_PIN, "spare", b"\x22")
    return made


@pytest.fixture(scope="module")
def world(
    tmp_path_factory: pytest.TempPathFactory, soft: SoftToken, elsewhere: OutsideAuthority
) -> Iterator[World]:
    home = tmp_path_factory.mktemp("world")
    made = make_world(home, **soft.settings(home))
    made.enrol("head")
    with made.runtime.database.write() as session:
        trust.add_root(session, made.runtime.clock, None, elsewhere.root_pem, "signatures", "signs for us")
    yield made
    assembly.close(made.runtime)


def page_of(world: World, username: str) -> str:
    return f"/admin/people/{world.company.people[username]}"


def take(client: TestClient, file: bytes = b"", **fields: str) -> Response:
    sent = {"csrf_token": token_in(client.get(MINE).text), "token": TOKEN, "key": "21", **fields}
    return client.post(TAKE, data=sent, files={"file": ("chain.pem", file)})


def no_keys_shown(page: str) -> None:
    """Every text was found."""
    assert not re.findall(r">\s*(?:my-token|my-certificate|admin-token|me)-[a-z-]+", page)


def test_an_administrator_assigns_a_token_and_its_person_signs_with_it(
    world: World, soft: SoftToken, elsewhere: OutsideAuthority
) -> None:
    admin, client = browser(world, "admin"), browser(world, "head")
    assert TOKEN not in client.get(MINE).text
    early = take(client, token_pin=TOKEN_PIN, pin=PIN)
    assert early.status_code == 404  # not assigned: not even tried
    address = page_of(world, "head")
    for label, text in (
        ("server-of-pages", "is the server&#39;s own"), ("no-such-token", "is not there"), (" ", "1–32"),
    ):  # fmt: skip
        refused = post(admin, address, f"{address}/tokens", token=label)
        assert refused.status_code in (409, 422) and text in refused.text
        assert 'id="error-token"' in refused.text and f'value="{label}"' in refused.text
    shown = post(admin, address, f"{address}/tokens", token=TOKEN)
    assert shown.status_code == 200 and shown.text.count(TOKEN) >= 2
    no_keys_shown(shown.text)
    other = page_of(world, "gm")
    assert "somebody else&#39;s" in post(admin, other, f"{other}/tokens", token=TOKEN).text

    offered = client.get(MINE).text
    assert TOKEN in offered and "sign: 王芳, by Elsewhere Issuing" in offered
    assert "spare (no certificate in the token)" in offered
    no_keys_shown(offered)
    chain = elsewhere.issuing.public_bytes(Encoding.PEM)
    for fields, error in (
        ({"token_pin": TOKEN_PIN, "pin": "000111"}, "pin-1"),
        ({"token_pin": NEW_PIN, "pin": PIN}, "token_pin-1"),
        ({"token_pin": TOKEN_PIN, "pin": PIN, "key": ""}, "key-1"),
        ({"token_pin": TOKEN_PIN, "pin": PIN, "key": "22"}, "file-1"),
    ):
        answer = take(client, chain, **fields)
        assert answer.status_code == 422 and f'id="error-{error}"' in answer.text, (error, answer.text)
        assert TOKEN_PIN not in answer.text
    assert "sign (21), spare (22)" in take(client, chain, token_pin=TOKEN_PIN, pin=PIN, key="").text

    done = take(client, chain, token_pin=TOKEN_PIN, pin=PIN)

    assert done.status_code == 200 and f"{TOKEN} · sign" in done.text and "an outside authority" in done.text
    assert (
        TOKEN_PIN not in done.text
        and 'name="pin" type="password" autocomplete="off" maxlength="200"' in done.text
    )
    no_keys_shown(done.text)
    assert signed_outcome(world, TOKEN_PIN) == "valid"


def ready(world: World, elsewhere: OutsideAuthority) -> None:
    """王芳 signs with her token, whichever tests ran before."""
    signing, head = world.runtime.get(SigningService), world.company.principal("head")
    signing.person_slots.assign(world.company.principal("admin"), head.person_id, TOKEN)
    with world.runtime.database.read() as session:
        row = signing.enrolment.certificate_of(session, head.person_id)
    if row is None or row.outside_chain is None:
        chain = elsewhere.issuing.public_bytes(Encoding.PEM)
        signing.take_slot(head, TOKEN, "sign", TOKEN_PIN, PIN, chain)


def signed_outcome(world: World, pin: str) -> str:
    signing = world.runtime.get(SigningService)
    signatory = signing.unlock(world.company.people["head"], pin)
    pdf = signing.sign(signing.add_fields(contract_pdf(), [FieldSpec("F")]), "F", signatory, reason="批准")
    with world.runtime.database.read() as session:
        roots = signing.trust_anchors(session)
    return verify_pdf(pdf, roots, world.runtime.clock.now() + timedelta(minutes=1)).outcome


def test_the_tokens_pin_is_changed_on_the_readers_own_page(world: World, elsewhere: OutsideAuthority) -> None:
    ready(world, elsewhere)
    client = browser(world, "head")
    shown = client.get("/me").text
    assert f"This changes the PIN of the token “{TOKEN}”" in shown
    typed = {"new_pin": NEW_PIN, "repeated_pin": NEW_PIN}
    wrong = post(client, "/me", "/me/pin", old_pin="000111", **typed)
    assert wrong.status_code == 422 and 'id="error-old_pin"' in wrong.text
    long = "0817263544" * 40
    unfit = post(client, "/me", "/me/pin", old_pin=TOKEN_PIN, new_pin=long, repeated_pin=long)
    assert unfit.status_code == 422 and 'id="error-new_pin"' in unfit.text
    assert post(client, "/me", "/me/pin", old_pin=TOKEN_PIN, **typed).status_code == 200
    assert signed_outcome(world, NEW_PIN) == "valid"
    typed = {"new_pin": TOKEN_PIN, "repeated_pin": TOKEN_PIN}
    assert post(client, "/me", "/me/pin", old_pin=NEW_PIN, **typed).status_code == 200


def test_a_token_that_is_away_is_said_on_every_page(
    world: World, soft: SoftToken, elsewhere: OutsideAuthority
) -> None:
    ready(world, elsewhere)
    client = browser(world, "head")
    tokens, away = soft.folder / "tokens", soft.folder / "away"
    tokens.rename(away)
    tokens.mkdir()
    soft.look_again()
    try:
        assert f"The PKCS#11 token “{TOKEN}” is not there" in client.get(MINE).text
        answer = post(client, "/me", "/me/pin", old_pin=TOKEN_PIN, new_pin=NEW_PIN, repeated_pin=NEW_PIN)
        assert answer.status_code == 409 and 'id="error-old_pin"' in answer.text
    finally:
        tokens.rmdir()
        away.rename(tokens)
        soft.look_again()
    assert signed_outcome(world, TOKEN_PIN) == "valid"


def test_the_api_does_the_same(world: World, elsewhere: OutsideAuthority, soft: SoftToken) -> None:
    ready(world, elsewhere)
    soft.add_token("chen", TOKEN_PIN)
    key: Any = soft.make_key("chen", TOKEN_PIN, "sign", b"\x31")
    certificate = elsewhere.issue(name_of("陈总"), key)
    admin, client = world.client("admin"), world.client("gm")
    address = f"/api/v1/people/{world.company.people['gm']}/signing-tokens"
    assert client.post(address, json={"token": "chen"}).status_code == 403
    taken = admin.post(address, json={"token": TOKEN})
    assert (taken.status_code, taken.json()["code"]) == (409, "token-not-free")
    assert admin.post(address, json={"token": "chen"}).status_code == 201
    assert admin.get(address).json()["items"] == [{"token": "chen"}]
    mine = client.get("/api/v1/me/signing-tokens").json()["items"]
    assert [(one["token"], one["error"], [key["label"] for key in one["keys"]]) for one in mine] == [
        ("chen", None, ["sign"])
    ]
    fields = {"token": "chen", "key": "sign", "token_pin": TOKEN_PIN}
    pem = b"".join(one.public_bytes(Encoding.PEM) for one in (certificate, elsewhere.issuing))
    sent: dict[str, Any] = {"data": fields, "files": {"file": ("c", pem)}}
    take = "/api/v1/me/certificate/token"
    assert world.client("gm", ["read", "write", "admin"]).post(take, **sent).status_code == 403
    bare = client.post(take, data=fields)
    assert (bare.status_code, bare.json()["code"]) == (422, "certificate-unfit")
    foreign = client.post(take, data={**fields, "token": TOKEN})
    assert foreign.status_code == 404
    made = client.post(take, **sent)
    assert made.status_code == 201 and "陈总" in made.json()["subject"]
    changed = client.put("/api/v1/me/pin", json={"old_pin": TOKEN_PIN, "new_pin": NEW_PIN})
    assert changed.status_code == 200
    assert admin.post(f"{address}/end", json={"token": "chen"}).status_code == 200
    assert admin.post(f"{address}/end", json={"token": "chen"}).status_code == 404
    off = client.put("/api/v1/me/pin", json={"old_pin": NEW_PIN, "new_pin": TOKEN_PIN})
    assert (off.status_code, off.json()["code"]) == (409, "token-not-assigned")


def test_taking_back_is_a_button_of_administrators_only(world: World, elsewhere: OutsideAuthority) -> None:
    ready(world, elsewhere)
    address = page_of(world, "head")
    for username in ("head", "keeper", "auditor"):
        client = browser(world, username)
        sent = {"csrf_token": token_in(client.get("/me").text), "token": TOKEN}
        for end in ("", "/end"):
            assert client.post(f"{address}/tokens{end}", data=sent).status_code == 403
    admin = browser(world, "admin")
    shown = post(admin, address, f"{address}/tokens/end", token=TOKEN)
    assert shown.status_code == 200 and TOKEN not in shown.text
    assert TOKEN not in browser(world, "head").get(MINE).text.replace(f"{TOKEN} · sign", "")
