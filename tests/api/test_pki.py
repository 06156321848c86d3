"""The authority over HTTP: OCSP, time-stamps and files, as OpenSSL asks for them."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from api.limits import CallRate
from signing.models import Certificate, CertificateRole, Credential
from signing.service import SigningService
from signing.timestamp import POLICY
from signing.timestamps.answering import Response
from tests import openssl
from tests.api.world import World, make_world
from tests.serving import served
from vermilion import assembly

OCSP, TSA = {"Content-Type": "application/ocsp-request"}, {"Content-Type": "application/timestamp-query"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world with people who can sign; one of them is suspended and one revoked."""
    made = make_world(tmp_path_factory.mktemp("home"))
    made.enrol("head", "legal", "gm")
    service, admin = made.runtime.get(SigningService), made.company.principal("admin")
    service.certificates.suspend(admin, row_of(made, "legal").id, "x")
    service.certificates.revoke(admin, row_of(made, "gm").id, "keyCompromise", "x")
    yield made
    assembly.close(made.runtime)


@pytest.fixture(scope="module")
def address(world: World) -> Iterator[str]:
    with served(world.app) as found:
        yield found


def row_of(world: World, username: str) -> Certificate:
    with world.runtime.database.read() as session:
        return session.scalars(
            select(Certificate)
            .join(Credential, Credential.certificate_id == Certificate.id)
            .where(Credential.person_id == world.company.people[username])
        ).one()


def member(world: World, role: CertificateRole) -> bytes:
    with world.runtime.database.read() as session:
        return session.scalars(select(Certificate.der).where(Certificate.role == role)).one()


def files(world: World, folder: Path) -> None:
    openssl.pem(folder, "root.pem", member(world, CertificateRole.ROOT))
    openssl.pem(folder, "issuing.pem", member(world, CertificateRole.ISSUING))


def ask(world: World, address: str, folder: Path, *usernames: str, options: tuple[str, ...] = ()) -> str:
    """``openssl ocsp`` against the running server."""
    files(world, folder)
    words = ["ocsp", "-url", f"{address}/pki/ocsp", "-issuer", "issuing.pem", "-CAfile", "root.pem",
             "-verify_other", "issuing.pem", *options]  # fmt: skip
    for username in usernames:
        words += ["-cert", openssl.pem(folder, f"{username}.pem", row_of(world, username).der)]
    found = openssl.run(*words, folder=folder)
    return found.stdout + found.stderr


def test_openssl_is_told_good_held_and_revoked_in_one_answer(
    world: World, address: str, tmp_path: Path
) -> None:
    said = ask(world, address, tmp_path, "head", "legal", "gm")

    assert "Response verify OK" in said
    assert "head.pem: good" in said
    assert "legal.pem: revoked" in said and "Reason: certificateHold" in said
    assert "gm.pem: revoked" in said and "Reason: keyCompromise" in said
    assert "WARNING: no nonce" not in said


@pytest.mark.parametrize("method", ["-sha1", "-sha256", "-sha384", "-sha512"])
def test_every_usual_hash_names_a_certificate(
    world: World, address: str, tmp_path: Path, method: str
) -> None:
    assert "head.pem: good" in ask(world, address, tmp_path, "head", options=(method,))


def test_a_status_is_looked_up_once_a_minute_for_every_nonce(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    responder = world.runtime.get(SigningService).responder
    issuing = x509.load_der_x509_certificate(member(world, CertificateRole.ISSUING))
    asked = x509.load_der_x509_certificate(row_of(world, "head").der)
    builder = ocsp.OCSPRequestBuilder().add_certificate(asked, issuing, hashes.SHA256())

    def answered(nonce: bytes) -> ocsp.OCSPResponse:
        request = builder.add_extension(x509.OCSPNonce(nonce), critical=False).build()
        return ocsp.load_der_ocsp_response(responder.answer(request.public_bytes(Encoding.DER)).der)

    responder.forget()
    first = answered(b"a" * 16)
    monkeypatch.setattr(responder, "_database", None)  # whoever looks up now fails
    second = answered(b"b" * 16)
    assert first.certificate_status is second.certificate_status is ocsp.OCSPCertStatus.GOOD
    assert first.this_update_utc == second.this_update_utc <= second.produced_at_utc
    assert second.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == b"b" * 16
    responder.forget()  # somebody revoked something
    with pytest.raises(AttributeError):
        answered(b"c" * 16)


def test_without_a_nonce_none_is_sent_back(world: World, address: str, tmp_path: Path) -> None:
    said = ask(world, address, tmp_path, "head", options=("-no_nonce", "-text"))
    assert "Response verify OK" in said and "head.pem: good" in said
    assert "OCSP Nonce" not in said


def test_the_authoritys_own_certificates_are_answered_for(world: World, address: str, tmp_path: Path) -> None:
    files(world, tmp_path)
    stamp = openssl.pem(tmp_path, "tsa.pem", member(world, CertificateRole.TSA))
    found = openssl.run(
        "ocsp", "-url", f"{address}/pki/ocsp", "-issuer", "issuing.pem", "-CAfile", "root.pem",
        "-cert", stamp,
        folder=tmp_path,
    )  # fmt: skip
    assert "tsa.pem: good" in found.stdout


def test_a_serial_number_that_was_never_issued_is_unknown(world: World, address: str, tmp_path: Path) -> None:
    files(world, tmp_path)
    found = openssl.run(
        "ocsp", "-url", f"{address}/pki/ocsp", "-issuer", "issuing.pem", "-CAfile", "root.pem",
        "-serial", "4711",
        folder=tmp_path,
    )  # fmt: skip
    assert "4711: unknown" in found.stdout


def test_another_issuer_is_not_ours_to_answer_for(world: World, address: str, tmp_path: Path) -> None:
    files(world, tmp_path)
    found = openssl.run(
        "ocsp", "-url", f"{address}/pki/ocsp", "-issuer", "root.pem", "-CAfile", "root.pem",
        "-cert", "issuing.pem", folder=tmp_path,
    )  # fmt: skip
    assert "unauthorized (6)" in found.stdout + found.stderr


def test_resuming_shows_at_once(world: World, address: str, tmp_path: Path) -> None:
    client, person = world.client("admin"), row_of(world, "head")
    body = request_of(world, "head")
    url = f"{address}/pki/ocsp"

    def status() -> ocsp.OCSPCertStatus:
        return ocsp.load_der_ocsp_response(
            httpx.post(url, content=body, headers=OCSP).content
        ).certificate_status

    assert status() is ocsp.OCSPCertStatus.GOOD
    answer = client.post(f"/api/v1/certificates/{person.id}/suspension", json={"note": "x"})
    assert answer.status_code == 200, answer.text
    assert status() is ocsp.OCSPCertStatus.REVOKED
    assert client.post(f"/api/v1/certificates/{person.id}/resumption", json={"note": "x"}).status_code == 200
    assert status() is ocsp.OCSPCertStatus.GOOD


def request_of(world: World, username: str) -> bytes:
    issuing = x509.load_der_x509_certificate(member(world, CertificateRole.ISSUING))
    person = x509.load_der_x509_certificate(row_of(world, username).der)
    builder = ocsp.OCSPRequestBuilder().add_certificate(person, issuing, hashes.SHA1())
    return builder.build().public_bytes(Encoding.DER)


def test_an_answer_by_get_may_be_cached_and_says_how_long(world: World, address: str) -> None:
    encoded = quote(base64.b64encode(request_of(world, "gm")).decode(), safe="")

    answer = httpx.get(f"{address}/pki/ocsp/{encoded}")

    found = ocsp.load_der_ocsp_response(answer.content)
    assert found.certificate_status is ocsp.OCSPCertStatus.REVOKED
    assert found.revocation_reason is x509.ReasonFlags.key_compromise
    assert answer.headers["content-type"] == "application/ocsp-response"
    assert answer.headers["cache-control"] == "max-age=300, public, no-transform, must-revalidate"
    assert parsedate_to_datetime(answer.headers["last-modified"]) == found.this_update_utc
    assert parsedate_to_datetime(answer.headers["expires"]) == found.next_update_utc
    assert answer.headers["etag"] == f'"{hashlib.sha256(answer.content).hexdigest()}"'
    # The same answer is handed out again, so that caches agree.
    assert httpx.get(f"{address}/pki/ocsp/{encoded}").content == answer.content


def test_an_answer_by_get_is_found_where_the_slashes_were_not_encoded(world: World, address: str) -> None:
    plain = base64.b64encode(request_of(world, "head")).decode()
    answer = httpx.get(f"{address}/pki/ocsp/{quote(plain, safe='/+=')}")
    assert ocsp.load_der_ocsp_response(answer.content).certificate_status is ocsp.OCSPCertStatus.GOOD


@pytest.mark.parametrize(
    "body", [b"", b"\x30\x00", b"no request", b"\x30\x80" * 50, b"\x30\x84\xff\xff\xff\xff"]
)
def test_what_is_no_request_is_called_malformed(world: World, body: bytes) -> None:
    answer = world.client().post("/pki/ocsp", content=body, headers=OCSP)
    assert answer.status_code == 200
    assert (
        ocsp.load_der_ocsp_response(answer.content).response_status
        is ocsp.OCSPResponseStatus.MALFORMED_REQUEST
    )


def test_a_body_beyond_the_limit_is_refused(world: World) -> None:
    for path in ("/pki/ocsp", "/pki/tsa"):
        answer = near(world).post(path, content=b"\x30" * 9000)
        assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")


@settings(max_examples=150, deadline=None)
@given(position=st.integers(0, 400), value=st.integers(0, 255), cut=st.integers(0, 400))
def test_no_damaged_request_gets_anything_but_an_answer(
    world: World, position: int, value: int, cut: int
) -> None:
    responder = world.runtime.get(SigningService).responder
    body = bytearray(request_of(world, "head"))
    body[position % len(body)] = value
    for damaged in (bytes(body), bytes(body[: cut % len(body)])):
        found = asn1_ocsp.OCSPResponse.load(responder.answer(damaged).der)
        assert found["response_status"].native in ("successful", "malformed_request", "unauthorized")


def test_the_responder_is_delegated_by_the_issuer_and_not_asked_about_itself(world: World) -> None:
    found = ocsp.load_der_ocsp_response(
        world.client().post("/pki/ocsp", content=request_of(world, "head"), headers=OCSP).content
    )
    responder = found.certificates[0]
    responder.verify_directly_issued_by(
        x509.load_der_x509_certificate(member(world, CertificateRole.ISSUING))
    )
    assert responder.extensions.get_extension_for_class(x509.OCSPNoCheck)
    assert found.responder_key_hash is not None
    assert found.this_update_utc <= datetime.now(UTC) < found.next_update_utc  # type: ignore[operator]


def near(world: World, address: str = "127.0.0.1") -> TestClient:
    return TestClient(world.app, client=(address, 40000))


@pytest.mark.parametrize("method", ["sha256", "sha384", "sha512"])
@pytest.mark.parametrize("wants_certificates", [True, False])
def test_openssl_gets_time_stamps_that_it_verifies(
    world: World, address: str, tmp_path: Path, method: str, wants_certificates: bool
) -> None:
    (tmp_path / "data.bin").write_bytes(b"what is stamped")
    words = ["ts", "-query", "-data", "data.bin", f"-{method}", "-out", "query.tsq"]
    openssl.run(*words, *(["-cert"] if wants_certificates else []), folder=tmp_path)

    answer = httpx.post(f"{address}/pki/tsa", content=(tmp_path / "query.tsq").read_bytes(), headers=TSA)

    assert answer.headers["content-type"] == "application/timestamp-reply"
    (tmp_path / "reply.tsr").write_bytes(answer.content)
    openssl.pem(tmp_path, "root.pem", member(world, CertificateRole.ROOT))
    others = openssl.pem(
        tmp_path, "others.pem", member(world, CertificateRole.ISSUING), member(world, CertificateRole.TSA)
    )
    for what in (["-queryfile", "query.tsq"], ["-data", "data.bin"]):
        found = openssl.run(
            "ts", "-verify", *what, "-in", "reply.tsr", "-CAfile", "root.pem", "-untrusted", others,
            folder=tmp_path,
        )  # fmt: skip
        assert "Verification: OK" in found.stdout, found.stderr
    certificates = Response.load(answer.content)["time_stamp_token"]["content"]["certificates"]
    assert bool(certificates.native) is wants_certificates
    shown = openssl.run("ts", "-reply", "-in", "reply.tsr", "-text", folder=tmp_path).stdout
    assert f"Policy OID: {POLICY}" in shown and "Accuracy: 0x01 seconds" in shown and "Ordering: no" in shown


def stamp_request(**changes: object) -> bytes:
    return tsp.TimeStampReq(
        {
            "version": "v1",
            "message_imprint": {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": bytes(32)},
            "nonce": 4711,
            "cert_req": True,
            **changes,
        }
    ).dump()


def imprint(method: str, size: int) -> dict[str, object]:
    return {"hash_algorithm": {"algorithm": method}, "hashed_message": bytes(size)}


@pytest.mark.parametrize(
    ("body", "failure"),
    [
        (stamp_request(message_imprint=imprint("sha1", 20)), "bad_alg"),
        (stamp_request(message_imprint=imprint("md5", 16)), "bad_alg"),
        (stamp_request(message_imprint=imprint("sha256", 31)), "bad_data_format"),
        (stamp_request(message_imprint=imprint("sha512", 32)), "bad_data_format"),
        (stamp_request(req_policy="1.2.3.4"), "unaccepted_policy"),
        (stamp_request(nonce=2**600), "bad_request"),
        (
            stamp_request(extensions=[{"extn_id": "1.2.3.4", "extn_value": b"\x05\x00"}]),
            "unaccepted_extensions",
        ),
        (b"", "bad_data_format"),
        (b"\x30\x03\x02\x01\x01", "bad_data_format"),
        (b"not a request", "bad_data_format"),
    ],
)
def test_a_request_that_cannot_be_granted_is_rejected_with_the_reason(
    world: World, body: bytes, failure: str
) -> None:
    answer = near(world).post("/pki/tsa", content=body, headers=TSA)

    status = Response.load(answer.content)["status"]
    assert status["status"].native == "rejection"
    assert status["fail_info"].native == {failure}


def test_our_policy_is_granted_by_name_and_serial_numbers_never_repeat(world: World) -> None:
    found = set()
    for _ in range(50):
        answer = near(world).post("/pki/tsa", content=stamp_request(req_policy=POLICY), headers=TSA)
        response = Response.load(answer.content)
        assert response["status"]["status"].native == "granted"
        info = response["time_stamp_token"]["content"]["encap_content_info"]["content"].parsed
        assert info["nonce"].native == 4711
        found.add(info["serial_number"].native)
    assert len(found) == 50


@settings(max_examples=150, deadline=None)
@given(position=st.integers(0, 400), value=st.integers(0, 255))
def test_a_damaged_request_for_a_stamp_never_fails_inside(world: World, position: int, value: int) -> None:
    body = bytearray(stamp_request())
    body[position % len(body)] = value
    answer = near(world).post("/pki/tsa", content=bytes(body), headers=TSA)
    assert answer.status_code == 200, answer.text
    assert Response.load(answer.content)["status"]["status"].native in ("granted", "rejection")


@pytest.mark.parametrize(
    ("whom", "place", "status"),
    [
        ("intranet", "10.1.2.3", 200), ("intranet", "203.0.113.9", 403), ("everybody", "203.0.113.9", 200),
        ("nobody", "127.0.0.1", 403),
    ],
)  # fmt: skip
def test_the_setting_says_who_gets_time_stamps(
    world: World, monkeypatch: pytest.MonkeyPatch, whom: str, place: str, status: int
) -> None:
    monkeypatch.setattr(world.runtime.settings, "timestamp_service", whom)
    assert near(world, place).post("/pki/tsa", content=stamp_request(), headers=TSA).status_code == status


def test_who_asks_too_fast_is_told_to_wait(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world.app.state, "pki_rate", CallRate(rate=0.1, burst=3))
    client = near(world, "198.51.100.7")
    answers = [client.post("/pki/ocsp", content=b"", headers=OCSP) for _ in range(4)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert client.post("/pki/tsa", content=b"", headers=TSA).status_code == 429
    assert near(world, "198.51.100.8").post("/pki/ocsp", content=b"", headers=OCSP).status_code == 200


def test_lists_say_how_long_they_may_be_kept(world: World) -> None:
    answer = world.client().get("/pki/issuing.crl")
    crl = x509.load_der_x509_crl(answer.content)
    assert answer.headers["content-type"] == "application/pkix-crl"
    assert answer.headers["cache-control"] == "max-age=600, public, no-transform, must-revalidate"
    assert parsedate_to_datetime(answer.headers["expires"]) == crl.next_update_utc
    again = world.client().get("/pki/issuing.crl", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304 and not again.content


def test_openssl_verifies_with_what_it_downloads(world: World, address: str, tmp_path: Path) -> None:
    found = {name: httpx.get(f"{address}/pki/{name}").content for name in
             ("root.crt", "root.crl", "issuing.crt", "issuing.crl")}  # fmt: skip
    crls = [found["root.crl"], found["issuing.crl"]]
    for username, text in (("head", ""), ("gm", "certificate revoked"), ("legal", "certificate revoked")):
        said = openssl.verify(
            tmp_path, row_of(world, username).der, found["root.crt"], [found["issuing.crt"]], crls
        )
        assert (text in said) if text else not said
