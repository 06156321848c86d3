"""The offline root, outside lists and brought certificates over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import select

from signing import root_folder, trust
from signing.models import Seal
from signing.root_papers import read_request, write_answer
from signing.service import SigningService
from tests.api.world import World, make_world
from tests.builders import PIN
from tests.outside import PASSWORD, OutsideAuthority, name_of
from tests.seals import make_seal
from vermilion import assembly

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


def test_the_offline_root_is_asked_and_answered(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(root_folder, "ROUNDS", 1000)
    client, base = world.client("admin"), "/api/v1/offline-root"
    assert client.get(base).json()["is_offline"] is False
    refused = client.post(f"{base}/requests", json={})
    assert (refused.status_code, refused.json()["code"]) == (409, "request-unfit")
    world.runtime.get(SigningService).offline_root.move(tmp_path / "root", PASSPHRASE)
    asked = client.post(f"{base}/requests", json={"issuing": True})
    request = read_request(asked.content)
    assert client.get(base).json()["open_number"] == str(request.number)
    root = root_folder.open_root(tmp_path / "root", PASSPHRASE)
    answer = write_answer(root_folder.answer(root, request, world.runtime.clock.now()))
    bad = client.post(f"{base}/answers", files={"file": ("a", b"{}")})
    assert (bad.status_code, bad.json()["code"]) == (409, "request-unfit")
    done = client.post(f"{base}/answers", files={"file": ("a", answer)})
    assert done.status_code == 200 and done.json()["issuing_id"]
    again = client.post(f"{base}/answers", files={"file": ("a", answer)})
    assert again.status_code == 409


def test_lists_are_brought_with_their_authority(world: World, elsewhere: OutsideAuthority) -> None:
    client, address = world.client("admin"), "/api/v1/outside-lists"
    root_list, issuing_list = elsewhere.lists()
    unknown = client.post(address, files={"file": ("l", OutsideAuthority(elsewhere.now, "X").lists()[0])})
    assert (unknown.status_code, unknown.json()["code"]) == (422, "certificate-unfit")
    issuer = elsewhere.issuing.public_bytes(Encoding.PEM)
    made = client.post(address, files={"file": ("l", issuing_list), "issuer": ("i", issuer)})
    assert made.status_code == 201 and made.json()["issuer"] == "Elsewhere Issuing"
    assert client.post(address, files={"file": ("l", root_list)}).status_code == 201
    assert len(client.get(address).json()["items"]) == 2


def test_a_person_brings_a_certificate_with_the_scope_to_sign(
    world: World, elsewhere: OutsideAuthority
) -> None:
    data, address = elsewhere.person("王芳"), "/api/v1/me/certificate"
    fields = {"pin": PIN, "password": PASSWORD}
    denied = world.client("head", ["read", "write", "admin"]).post(
        address, data=fields, files={"file": ("c", data)}
    )
    assert denied.status_code == 403
    wrong = world.client("head").post(address, data={**fields, "pin": "000111"}, files={"file": ("c", data)})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "wrong-pin")
    made = world.client("head").post(address, data=fields, files={"file": ("c", data)})
    assert made.status_code == 201 and "王芳" in made.json()["subject"]


def test_a_seals_key_is_offered_and_agreed_to(world: World, elsewhere: OutsideAuthority) -> None:
    with world.runtime.database.read() as session:
        seal_id = session.scalars(select(Seal.id)).one()
    key = ec.generate_private_key(ec.SECP256R1())
    file = elsewhere.pkcs12(
        elsewhere.issue(name_of("云杉测试科技有限公司", "云杉测试科技有限公司"), key), key
    )
    address = f"/api/v1/seals/{seal_id}/keys"
    sent = {"data": {"reason": "换证书", "password": PASSWORD}, "files": {"file": ("k", file)}}
    assert world.client("staff").post(f"{address}/file", **sent).status_code == 403  # type: ignore[arg-type]
    asked = world.client("keeper").post(f"{address}/file", **sent)  # type: ignore[arg-type]
    assert asked.status_code == 202 and asked.json()["kind"] == "key"
    change = asked.json()["id"]
    assert world.client("keeper").post(f"/api/v1/seals/changes/{change}/agree").status_code == 403
    agreed = world.client("legal").post(f"/api/v1/seals/changes/{change}/agree")
    assert agreed.status_code == 200 and agreed.json()["outcome"] == "agreed"
    with world.runtime.database.read() as session:
        seal = session.get_one(Seal, seal_id)
        row = world.runtime.get(SigningService).certificates.get(None, seal.certificate_id)
    assert row.is_outside and row.owner == "合同专用章"
    fresh = world.client("admin").post(address, json={"reason": "我们自己的"})
    assert fresh.status_code == 202
    assert (
        world.client("admin").post(f"/api/v1/seals/changes/{fresh.json()['id']}/withdraw").status_code == 200
    )
    no_token = world.client("admin").post(address, json={"reason": "x", "label": "contract"})
    assert (no_token.status_code, no_token.json()["code"]) == (409, "token-key-missing")
