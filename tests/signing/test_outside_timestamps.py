"""Outside time-stamp authorities: believed only when everything fits, and never replaced silently."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
from asn1crypto import cms
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from core.clock import SystemClock
from core.errors import SettingUnusable
from core.settings import Settings
from signing import trust
from signing.errors import TimestampUnavailable
from signing.timestamps import address, answering
from signing.timestamps.configured import Stampers
from signing.timestamps.outside import AnswerRefused, OutsideAuthority
from signing.verification import verify_pdf
from tests import independent, openssl
from tests.authorities import Authority, Stamping, changed, damaged, late, running
from tests.builders import PIN
from tests.servers import free_port
from tests.signing.conftest import Desk
from tests.signing.test_certificates import closing, make_desk

DIGEST = hashlib.sha256(b"what is stamped").digest()
STAMPING = Stamping()


def pem(folder: Path, stamping: Stamping = STAMPING, name: str = "tsa.pem") -> Path:
    file = folder / name
    file.write_bytes(stamping.root.public_bytes(Encoding.PEM))
    return file


def asked(authority: Authority, options: str = "", seconds: float = 5.0) -> bytes:
    """One question to one authority."""
    found = address.read(authority.address + options)[0]
    assert found is not None
    return OutsideAuthority(found, SystemClock(), seconds).stamp(DIGEST, "sha256", lambda: (), seconds)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as made:
        yield made


def test_a_good_answer_is_a_token_that_openssl_verifies(stack: ExitStack, tmp_path: Path) -> None:
    authority = stack.enter_context(running(Authority(STAMPING.answer)))
    token = asked(authority, f"#trust={pem(tmp_path)}&policy={answering.POLICY}")
    (tmp_path / "token.der").write_bytes(token)
    found = openssl.run(
        "ts", "-verify", "-digest", DIGEST.hex(), "-in", "token.der", "-token_in", "-CAfile", "tsa.pem",
        folder=tmp_path,
    )  # fmt: skip
    assert "Verification: OK" in found.stdout, found.stderr


OTHER_IMPRINT = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": bytes(32)}
LONGER_IMPRINT = {"hash_algorithm": {"algorithm": "sha512"}, "hashed_message": bytes(64)}


@pytest.mark.parametrize(
    ("authority", "reason"),
    [
        (Authority(changed(STAMPING, nonce=7)), "another nonce"),
        (Authority(changed(STAMPING, message_imprint=OTHER_IMPRINT)), "another imprint"),
        (Authority(changed(STAMPING, message_imprint=LONGER_IMPRINT)), "another algorithm"),
        (Authority(changed(STAMPING, req_policy="1.2.3")), "rejection: unaccepted_policy"),
        (Authority(changed(STAMPING, cert_req=False)), "its certificate is missing"),
        (Authority(damaged(STAMPING)), "its signature is broken"),
        (Authority(late(600).answer), "its clock says"),
        (Authority(late(-600).answer), "its clock says"),
        (Authority(Stamping(is_stamper=False).answer), "its certificate is not for stamping"),
        (Authority(Stamping().answer), "its certificate leads to no trusted root"),
        (Authority(STAMPING.answer, status=503), "HTTP 503"),
        (Authority(STAMPING.answer, status=307), "HTTP 307"),
        (Authority(STAMPING.answer, media_type="text/html"), "Content-Type"),
        (Authority(STAMPING.answer, password="a:b"), "HTTP 401"),
        (Authority(lambda _body: b""), "malformed"),
        (Authority(lambda _body: b"<html>no</html>"), "malformed"),
        (Authority(lambda _body: b"\x30" * 100_000), "too long"),
        (Authority(STAMPING.answer, delay=3.0), "Timeout"),
        (Authority(STAMPING.answer, drip=True), "too slow"),
    ],
)
def test_an_answer_that_does_not_fit_is_refused(
    stack: ExitStack, tmp_path: Path, authority: Authority, reason: str
) -> None:
    running_one = stack.enter_context(running(authority))
    begun = time.monotonic()
    with pytest.raises(AnswerRefused, match=reason):
        asked(running_one, f"#trust={pem(tmp_path)}", seconds=1.0)
    assert time.monotonic() - begun < 2.5


def test_another_policy_than_was_asked_for_is_refused(stack: ExitStack, tmp_path: Path) -> None:
    def ignoring(request: bytes) -> bytes:
        return changed(STAMPING, req_policy=answering.POLICY)(request)

    authority = stack.enter_context(running(Authority(ignoring)))
    with pytest.raises(AnswerRefused, match="another policy"):
        asked(authority, f"#trust={pem(tmp_path)}&policy=1.2.3.4")


def test_nobody_listening_is_a_failure_and_no_wait(tmp_path: Path) -> None:
    with pytest.raises(AnswerRefused, match="NewConnectionError"):
        asked(Authority(STAMPING.answer, address=f"http://127.0.0.1:{free_port()}/"))


def test_credentials_are_sent_and_never_shown(stack: ExitStack, tmp_path: Path) -> None:
    authority = stack.enter_context(running(Authority(STAMPING.answer, password="who:a s:cret")))
    url = authority.address.replace("http://", "http://who:a%20s%3Acret@")
    found = address.read(f"{url}#trust={pem(tmp_path)}")[0]
    assert found is not None
    assert "cret" not in repr(found) and "cret" not in found.name and "cret" not in found.url
    assert OutsideAuthority(found, SystemClock(), 5).stamp(DIGEST, "sha256", lambda: (), 5)


@pytest.mark.parametrize(
    "words",
    ["", "   ", "ftp://tsa.example.com", "https:", "http://:80/", "https://tsa.example.com/#trust=/no/such.pem",
     "https://tsa.example.com/#trsut=x", "https://tsa.example.com/#policy=abc", "https://tsa.example.com:x/",
     "internal: file:/x", "https://tsa.example.com/#tls=/no/such.pem"],
)  # fmt: skip
def test_an_address_that_cannot_be_used_is_named_at_the_start(words: str) -> None:
    with pytest.raises(SettingUnusable):
        Settings(timestamp_url=words).check()
        address.read(words)


def stampers(desk: Desk, *words: str, seconds: float = 1.0) -> Stampers:
    settings = Settings(timestamp_url=" ".join(words), timestamp_seconds=seconds)
    return Stampers(desk.runtime.database, SystemClock(), settings, desk.signing.authority.internal_stamper)


def test_the_next_one_is_asked_when_the_first_fails(
    stack: ExitStack, shared_desk: Desk, tmp_path: Path
) -> None:
    broken = stack.enter_context(running(Authority(damaged(STAMPING))))
    good = stack.enter_context(running(Authority(STAMPING.answer)))
    file = pem(tmp_path)
    asked_ones = stampers(shared_desk, f"{broken.address}#trust={file}", f"{good.address}#trust={file}")

    token = asked_ones.outside.stamp(DIGEST, "sha256")

    assert signer_of(token) == "Other TSA"
    assert (
        "its signature is broken" in asked_ones.outside.last_failures[broken.address.removeprefix("http://")]
    )


def signer_of(token: bytes) -> str:
    signed = cms.ContentInfo.load(token)["content"]
    serial = signed["signer_infos"][0]["sid"].chosen["serial_number"].native
    found = [one.chosen for one in signed["certificates"] if one.chosen.serial_number == serial]
    return str(found[0].subject.native["common_name"])


def test_a_failure_that_passes_is_tried_again(stack: ExitStack, shared_desk: Desk, tmp_path: Path) -> None:
    authority = Authority(STAMPING.answer)

    def at_second_try(request: bytes) -> bytes:
        return STAMPING.answer(request) if len(authority.asked) > 1 else b""

    authority.answer = at_second_try
    stack.enter_context(running(authority))
    assert stampers(shared_desk, f"{authority.address}#trust={pem(tmp_path)}").outside.stamp(DIGEST, "sha256")
    assert len(authority.asked) == 2


def test_our_own_authority_never_steps_in_unless_it_is_named(
    stack: ExitStack, shared_desk: Desk, tmp_path: Path
) -> None:
    broken = stack.enter_context(running(Authority(lambda _body: b"")))
    with pytest.raises(TimestampUnavailable):
        stampers(shared_desk, broken.address).outside.stamp(DIGEST, "sha256")
    token = stampers(shared_desk, broken.address, "internal:").outside.stamp(DIGEST, "sha256")
    assert signer_of(token) == "Vermilion Time-stamp Authority"


def test_one_that_failed_is_left_alone_for_a_while(stack: ExitStack, shared_desk: Desk) -> None:
    slow = stack.enter_context(running(Authority(STAMPING.answer, delay=1.5)))
    outside = stampers(shared_desk, slow.address, seconds=0.3).outside
    with pytest.raises(TimestampUnavailable):
        outside.stamp(DIGEST, "sha256")
    tries, begun = len(slow.asked), time.monotonic()
    for _ in range(20):
        with pytest.raises(TimestampUnavailable):
            outside.stamp(DIGEST, "sha256")
    assert time.monotonic() - begun < 0.3 and len(slow.asked) == tries
    outside.wake()
    with pytest.raises(TimestampUnavailable):
        outside.stamp(DIGEST, "sha256")
    assert len(slow.asked) > tries


def test_a_signature_carries_the_outside_authoritys_stamp(stack: ExitStack, tmp_path: Path) -> None:
    authority = stack.enter_context(running(Authority(STAMPING.answer)))
    with closing(make_desk(tmp_path / "home", timestamp_url=authority.address)) as desk:
        with desk.runtime.database.write() as session:
            trust.add_root(
                session, desk.runtime.clock, None, STAMPING.root.public_bytes(Encoding.PEM), "timestamps", "x"
            )
        desk.signing.enrol(desk.company.principal("head"), PIN)
        signed = desk.signing.add_evidence(desk.signed("head"))
        verdict = verify_pdf(signed, desk.roots(), datetime.now(UTC))
        assert verdict.facts.signatures[0].timestamped_at is not None
        assert [one.intact for one in verdict.facts.signatures] == [True, True]
        with desk.runtime.database.read() as session:
            assert desk.signing.waiting.summary(session).count == 0
    for found in independent.signatures(signed):
        assert signer_of(found.token[0]) == "Other TSA"


def test_without_any_stamp_a_signature_is_b_b_and_listed(stack: ExitStack, tmp_path: Path) -> None:
    authority = stack.enter_context(running(Authority(STAMPING.answer, status=503)))
    settings = {"timestamp_url": authority.address, "timestamp_seconds": 0.5}
    with closing(make_desk(tmp_path / "home", **settings)) as desk:  # type: ignore[arg-type]
        desk.signing.enrol(desk.company.principal("head"), PIN)
        signed = desk.signed("head")
        certified = desk.signing.certify(desk.prepared("F0"), "审批表")
        file = tmp_path / "large.pdf"
        file.write_bytes(desk.prepared("F1"))
        desk.signing.sign_file(file, "F1", desk.signatory(), reason="x")
        verdict = verify_pdf(signed, desk.roots(), datetime.now(UTC))
        assert [(one.intact, one.level) for one in verdict.facts.signatures] == [(True, "B-B")]
        with desk.runtime.database.read() as session:
            rows = desk.signing.waiting.open(session)
            remarks = {one.code: one for one in desk.signing.standing(session)}
        assert {row.digest for row in rows} == {
            hashlib.sha256(one).hexdigest() for one in (signed, certified, file.read_bytes())
        }
        assert remarks["timestamps-waiting"].context["count"] == 3
        assert "HTTP 503" in str(remarks["timestamps-failing"].context["reason"])
        assert "timestamps-untrusted" in remarks
        with pytest.raises(TimestampUnavailable):
            desk.signing.add_evidence(signed)


@pytest.mark.parametrize("purpose", ["signatures", "timestamps", "both"])
def test_outside_roots_are_listed_used_and_removed(shared_desk: Desk, purpose: str) -> None:
    database, clock = shared_desk.runtime.database, shared_desk.runtime.clock
    admin = shared_desk.company.people["admin"]
    other = Stamping()
    with database.write() as session:
        row = trust.add_root(session, clock, admin, other.root_der, purpose, "客户使用")
        again = trust.add_root(session, clock, admin, other.root_der, purpose, "客户使用")
    assert row.id == again.id
    with database.read() as session:
        assert other.root_der in trust.stored_roots(session)
        assert (other.root_der in trust.timestamp_roots(session)) == (purpose != "signatures")
        assert (other.root_der in trust.signature_roots(session)) == (purpose != "timestamps")
        assert other.root_der not in trust.own_roots(session)
    with database.write() as session:
        trust.remove_root(session, clock, admin, row.id, "x")
    with database.read() as session:
        assert other.root_der not in trust.stored_roots(session)


def test_what_is_no_root_is_not_trusted(shared_desk: Desk) -> None:
    from signing.errors import CertificateUnfit

    stranger = Stamping()
    leaf = stranger.certificate.public_bytes(Encoding.PEM)
    own = x509.load_der_x509_certificate(shared_desk.signing.pki_file("issuing.crt")[1])
    for data in (leaf, own.public_bytes(Encoding.DER), b"", b"-----BEGIN CERTIFICATE-----\nAA\n", b"x" * 99):
        with pytest.raises(CertificateUnfit), shared_desk.runtime.database.write() as session:
            trust.add_root(session, shared_desk.runtime.clock, None, data, "both", "x")
