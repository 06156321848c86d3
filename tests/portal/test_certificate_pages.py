"""The administrators' pages of certificates and outside roots, as a browser asks for them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from httpx import Response
from sqlalchemy import select

from core.models import AuditEntry
from signing import trust
from signing.certificates import CertificateView
from signing.models import Credential
from signing.service import SigningService
from tests.api.world import World, make_world
from tests.portal.test_archive_pages import browser, post, token_in
from vermilion import assembly

LIST = "/admin/certificates"
ROOTS = "/admin/certificates/roots"


@pytest.fixture
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = make_world(tmp_path_factory.mktemp("certificates"))
    made.enrol("head", "staff")
    yield made
    assembly.close(made.runtime)


def certificates(world: World, role: str) -> list[CertificateView]:
    return world.runtime.get(SigningService).certificates.listed(None, role=role)


def certificate(world: World, certificate_id: UUID) -> CertificateView:
    return world.runtime.get(SigningService).certificates.get(None, certificate_id)


def entries(world: World, action: str) -> list[AuditEntry]:
    with world.runtime.database.read() as session:
        return list(session.scalars(select(AuditEntry).where(AuditEntry.action == action)))


def root(world: World, *, is_ca: bool = True) -> x509.Certificate:
    """A certificate of somebody else that certifies itself."""
    key, now = ec.generate_private_key(ec.SECP256R1()), world.runtime.clock.now()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Elsewhere Root")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=900))
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        .sign(key, SHA256())
    )


def bring(world: World, data: bytes, **fields: str) -> Response:
    client = browser(world, "admin")
    typed = {"csrf_token": token_in(client.get(ROOTS).text), "purpose": "both", "reason": "Met", **fields}
    return client.post(ROOTS, data=typed, files={"file": ("root.crt", data)})


def test_the_list_shows_whose_it_is_its_end_and_issuer_and_can_be_filtered(world: World) -> None:
    client = browser(world, "admin")
    person = certificates(world, "person")[0]

    everything = client.get(LIST).text
    people = client.get(f"{LIST}?role=person").text
    revoked = client.get(f"{LIST}?state=revoked").text

    assert f"{LIST}/{person.id}" in everything and person.issuer in everything
    assert f"{LIST}/{certificates(world, 'issuing')[0].id}" in everything
    assert f"{LIST}/{certificates(world, 'issuing')[0].id}" not in people and str(person.id) in people
    assert str(person.id) not in revoked and "No certificates" in revoked


def test_odd_filters_show_everything(world: World) -> None:
    answer = browser(world, "admin").get(f"{LIST}?role=%00&state=nothing")

    assert answer.status_code == 200
    assert str(certificates(world, "person")[0].id) in answer.text


def test_a_certificate_is_shown_with_its_chain_which_can_be_downloaded(world: World) -> None:
    client, person = browser(world, "admin"), certificates(world, "person")[0]

    shown = client.get(f"{LIST}/{person.id}").text
    pem = client.get(f"{LIST}/{person.id}/chain.pem").content

    chain = x509.load_pem_x509_certificates(pem)
    assert len(chain) == 3 and chain[0].public_bytes(Encoding.DER) == person.der
    for below, above in itertools.pairwise(chain):
        below.verify_directly_issued_by(above)
    assert person.owner and person.owner in shown and person.serial_number in shown
    assert not re.findall(r">\s*(?:admin|certificate|revocation)-[a-z-]+", shown)


@pytest.mark.parametrize("username", ["staff", "keeper", "auditor"])
def test_nobody_else_sees_or_does_anything(world: World, username: str) -> None:
    client, person = browser(world, username), certificates(world, "person")[0]
    token = token_in(client.get("/me").text)

    for path in (f"{LIST}/{person.id}", f"{LIST}/{person.id}/chain.pem", ROOTS):
        assert client.get(path).status_code == 403, path
    answer = client.post(
        f"{LIST}/{person.id}/revoke",
        data={"csrf_token": token, "note": "n", "reason": "superseded", "sure": "yes"},
    )
    assert answer.status_code == 403
    assert certificate(world, person.id).state == "active"


def test_an_act_without_the_token_of_the_form_is_refused(world: World) -> None:
    person = certificates(world, "person")[0]

    answer = browser(world, "admin").post(f"{LIST}/{person.id}/suspend", data={"note": "away"})

    assert answer.status_code == 403
    assert certificate(world, person.id).state == "active"


def test_suspending_and_resuming_stand_in_the_history_with_their_reason(world: World) -> None:
    client, person = browser(world, "admin"), certificates(world, "person")[0]
    address = f"{LIST}/{person.id}"

    suspended = post(client, address, f"{address}/suspend", note="Lost the telephone")
    assert certificate(world, person.id).state == "held"
    resumed = post(client, address, f"{address}/resume", note="Found it again")

    assert "Lost the telephone" in suspended.text and f"{address}/resume" in suspended.text
    assert "Found it again" in resumed.text and certificate(world, person.id).state == "active"
    assert entries(world, "certificate.suspended")[0].actor_id is not None


def test_renewing_leads_to_the_successor(world: World) -> None:
    client, person = browser(world, "admin"), certificates(world, "person")[0]

    answer = post(client, f"{LIST}/{person.id}", f"{LIST}/{person.id}/renew", note="New name soon")

    successor = UUID(str(answer.url).rsplit("/", 1)[1])
    assert answer.status_code == 200 and successor != person.id
    assert certificate(world, successor).is_in_use and not certificate(world, person.id).is_in_use


def test_revoking_wants_a_confirmation_a_reason_and_words(world: World) -> None:
    client, person = browser(world, "admin"), certificates(world, "person")[0]
    address = f"{LIST}/{person.id}"
    right = {"note": "Left the company", "reason": "affiliationChanged", "sure": "yes"}

    for field, wrong in (("note", " "), ("note", "n" * 301), ("reason", "removeFromCRL"), ("sure", "")):
        answer = post(client, address, f"{address}/revoke", **{**right, field: wrong})
        assert answer.status_code == 422
        assert f'id="error-revoke-{field}"' in answer.text
        assert certificate(world, person.id).state == "active"
    done = post(client, address, f"{address}/revoke", **right)

    assert done.status_code == 200 and "Left the company" in done.text
    assert certificate(world, person.id).revocation_reason == "affiliationChanged"
    with world.runtime.database.read() as session:
        credential = session.scalars(select(Credential).where(Credential.certificate_id == person.id)).one()
        assert not credential.is_active


def test_an_act_that_does_not_fit_the_state_is_refused_with_the_reason(world: World) -> None:
    client, person = browser(world, "admin"), certificates(world, "person")[0]

    answer = post(client, f"{LIST}/{person.id}", f"{LIST}/{person.id}/resume", note="again")

    assert answer.status_code == 409
    assert "alert" in answer.text and certificate(world, person.id).state == "active"


@pytest.mark.parametrize("act", ["superseded", "issue"])
def test_there_are_no_other_acts(world: World, act: str) -> None:
    client, person = browser(world, "admin"), certificates(world, "person")[0]

    answer = post(client, f"{LIST}/{person.id}", f"{LIST}/{person.id}/{act}", note="again", sure="yes")

    assert 400 <= answer.status_code < 500 and certificate(world, person.id).state == "active"


def test_nothing_revokes_the_root_here(world: World) -> None:
    client, top = browser(world, "admin"), certificates(world, "root")[0]
    shown = client.get(f"{LIST}/{top.id}")
    answer = client.post(
        f"{LIST}/{top.id}/revoke",
        data={"csrf_token": token_in(shown.text), "note": "n", "reason": "superseded", "sure": "yes"},
    )

    assert f"{LIST}/{top.id}/revoke" not in shown.text
    assert answer.status_code == 409 and certificate(world, top.id).state == "active"


def test_an_unknown_certificate_is_not_found(world: World) -> None:
    client = browser(world, "admin")

    assert client.get(f"{LIST}/{UUID(int=7)}").status_code == 404
    assert post(client, ROOTS, f"{LIST}/{UUID(int=7)}/suspend", note="n").status_code == 404
    assert post(client, ROOTS, f"{ROOTS}/{UUID(int=7)}/removal", reason="n").status_code == 404


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_an_outside_root_is_trusted_until_it_is_removed(world: World, encoding: Encoding) -> None:
    made = root(world)
    der = made.public_bytes(Encoding.DER)

    added = bring(world, made.public_bytes(encoding), reason="Our bank signs with it")
    with world.runtime.database.read() as session:
        assert der in trust.stored_roots(session)
        root_id = trust.outside_roots(session)[0].id
    client = browser(world, "admin")
    unsaid = post(client, ROOTS, f"{ROOTS}/{root_id}/removal", reason=" ")
    removed = post(client, ROOTS, f"{ROOTS}/{root_id}/removal", reason="No business any more")

    assert "Elsewhere Root" in added.text and "Our bank signs with it" in added.text
    assert unsaid.status_code == 422 and f'id="error-reason-{root_id}"' in unsaid.text
    assert "Elsewhere Root" not in removed.text
    with world.runtime.database.read() as session:
        assert der not in trust.stored_roots(session)
    assert entries(world, "root.trusted") and entries(world, "root.distrusted")


def test_what_is_no_root_or_lacks_words_is_refused_beside_its_field(world: World) -> None:
    good = root(world).public_bytes(Encoding.PEM)
    for data, field, fields in (
        (b"not a certificate", "file", {}), (b"", "file", {}),
        (root(world, is_ca=False).public_bytes(Encoding.DER), "file", {}),
        (good, "reason", {"reason": ""}), (good, "purpose", {"purpose": "all"}),
    ):  # fmt: skip
        answer = bring(world, data, **fields)
        assert answer.status_code == 422 and f'id="error-{field}"' in answer.text, field
    with world.runtime.database.read() as session:
        assert not trust.outside_roots(session)
