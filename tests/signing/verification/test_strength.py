"""Algorithms end: what was proved to be there before stays good, and what was not proves nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa

from signing import pades, pki
from signing.fields import FieldSpec
from signing.strength import end_of_digest, end_of_key, weakness
from signing.timestamp import InternalTimeStamper
from signing.verification.facts import Kind, Level, Outcome, SignatureFacts
from signing.verification.material import Material
from signing.verification.revocation import revocation
from signing.verification.verdict import Verdict
from tests.signing.verification.test_mutations import small_pdf
from tests.signing.verification.test_trust import House, Still, by_pyhanko, loaded, person

THEN = datetime(2012, 6, 1, tzinfo=UTC)
"""While SHA-1 and RSA-1024 still counted."""
AFTER = datetime(2014, 6, 1, tzinfo=UTC)
NOW = datetime(2020, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def old_house(at: datetime = THEN - DAY) -> House:
    """An authority of those days, whose own keys are good to this day."""
    house = House(at=at)
    house.root = pki.make_root(pki.Identity("Root", "House"), house.root_key, at)
    house.issuing = house._issuing(at)
    house.signer = house.leaf(house.signer_key)
    return house


@pytest.fixture(scope="module")
def house() -> House:
    return old_house()


@pytest.fixture(scope="module")
def short() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 1024)


def codes(facts: SignatureFacts) -> set[str]:
    return {one.code for one in facts.problems}


def stamp_of(verdict: Verdict) -> SignatureFacts:
    return next(one for one in verdict.facts.signatures if one.kind is Kind.TIMESTAMP)


@pytest.mark.parametrize("what", ["sha1", "short"])
def test_what_was_stamped_while_its_algorithm_was_safe_stays_good(
    house: House, short: rsa.RSAPrivateKey, what: str
) -> None:
    key = short if what == "short" else rsa.generate_private_key(65537, 2048)
    signed = by_pyhanko(house, key, digest="sha1" if what == "sha1" else "sha256")
    lists = house.lists(THEN)
    in_time = house.judged(house.archived(signed, THEN, lists), NOW)
    assert (in_time.outcome, codes(person(in_time))) == (Outcome.VALID, set())
    assert house.judged(signed, THEN).outcome is Outcome.VALID  # it was good then without a stamp
    for late in (house.judged(signed, NOW), house.judged(house.archived(signed, AFTER, lists), NOW)):
        assert late.outcome is Outcome.INDETERMINATE
        assert codes(person(late)) == {"algorithm-ended"}
        assert "2013-12-31" in person(late).problems[0].detail
        assert (person(late).intact, person(late).level) == (True, None)


def test_a_digest_that_was_broken_is_never_good(house: House) -> None:
    signed = by_pyhanko(house, rsa.generate_private_key(65537, 2048), digest="md5")
    for verdict in (
        house.judged(signed, THEN),
        house.judged(house.archived(signed, THEN, house.lists(THEN)), NOW),
    ):
        assert verdict.outcome is Outcome.INDETERMINATE
        assert codes(person(verdict)) == {"algorithm-ended"}


def test_a_time_stamp_of_a_weak_authority_lives_by_the_next_one(
    house: House, short: rsa.RSAPrivateKey
) -> None:
    tsa = pki.make_tsa(pki.Identity("Old stamps", "House"), short, house.issuer, THEN)
    weak = InternalTimeStamper(loaded(tsa), short, Still(THEN + DAY), (loaded(house.issuing),))
    once = house.archived(house.signed(THEN), THEN, house.lists(THEN), weak)
    assert house.judged(once, THEN + 2 * DAY).outcome is Outcome.VALID
    late = house.judged(once, NOW)
    assert late.outcome is Outcome.INDETERMINATE
    assert codes(stamp_of(late)) == {"timestamp-algorithm"} and stamp_of(late).intact is None
    renewed = house.archived(once, THEN + 9 * DAY, house.lists(THEN + 9 * DAY))
    assert house.judged(renewed, NOW).outcome is Outcome.VALID
    too_late = house.archived(once, AFTER, house.lists(AFTER))
    assert house.judged(too_late, NOW).outcome is Outcome.INDETERMINATE


def test_an_authority_with_a_short_key_certifies_nobody_any_more(short: rsa.RSAPrivateKey) -> None:
    house = old_house()
    house.key = short
    house.issuing = house._issuing(THEN - DAY)
    house.signer = house.leaf(house.signer_key)
    signed = house.signed(THEN)
    assert house.judged(signed, THEN + DAY).outcome is Outcome.VALID
    verdict = house.judged(signed, AFTER)
    assert verdict.outcome is Outcome.INDETERMINATE
    assert "certificate-algorithm" in codes(person(verdict))
    assert any("Issuing: RSA-1024" in one.detail for one in person(verdict).problems)


@pytest.mark.parametrize(
    ("key", "end"),
    [
        (rsa.generate_private_key(65537, 2048), datetime(2031, 1, 1, tzinfo=UTC)),
        (rsa.generate_private_key(65537, 3072), None),
        (ec.generate_private_key(ec.SECP192R1()), datetime(2014, 1, 1, tzinfo=UTC)),
        (ec.generate_private_key(ec.SECP224R1()), datetime(2031, 1, 1, tzinfo=UTC)),
        (ec.generate_private_key(ec.SECP256R1()), None),
        (ed25519.Ed25519PrivateKey.generate(), None),
        (dsa.generate_private_key(1024), datetime(2014, 1, 1, tzinfo=UTC)),
        (dsa.generate_private_key(2048), datetime(2024, 2, 3, tzinfo=UTC)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_keys_end_by_their_strength(key: Any, end: datetime | None) -> None:
    public = key.public_key()
    assert end_of_key(public) == end
    if end is not None:
        assert weakness(end - timedelta(seconds=1), key=public) is None
        last_day = f"{end - DAY:%Y-%m-%d}"
        assert last_day in str(weakness(end, key=public))


def test_every_digest_that_is_checked_has_a_place_in_the_table() -> None:
    ends = {name: end_of_digest(name) for name in ("md5", "sha1", "sha224", "sha256", "sha3_256", "sm3")}
    assert [name for name, end in ends.items() if end is None] == ["sha256", "sha3_256", "sm3"]
    assert weakness(datetime(1999, 1, 1, tzinfo=UTC), ["md5"]) == "MD5"
    assert weakness(NOW, ["sha256", "sha1"]) == "SHA1 (2013-12-31)"


# time-stamps over something else


class Elsewhere(InternalTimeStamper):
    """An authority, good and trusted, whose tokens are over something else than what was sent."""

    def stamp(self, digest: bytes, algorithm: str) -> bytes:
        return super().stamp(bytes(len(digest)), algorithm)


def elsewhere(house: House, at: datetime) -> Elsewhere:
    key = pki.new_key()
    certificate = pki.make_tsa(pki.Identity("Stamps", "House"), key, house.issuer, THEN)
    return Elsewhere(loaded(certificate), key, Still(at), (loaded(house.issuing),))


def test_a_token_over_something_else_counts_as_none(house: House) -> None:
    """A token that was cut out of another signature must not move the moment of judgement."""
    key = pades.SigningKey(loaded(house.signer), house.signer_key, (loaded(house.issuing),))
    signed = pades.sign(
        small_pdf(), "F", key, elsewhere(house, THEN), reason="批准", name="王芳", new_field=FieldSpec("F")
    )
    now = house.judged(signed, THEN + DAY)
    facts = person(now)
    assert (facts.intact, facts.level, facts.timestamped_at) == (True, Level.B_B, None)
    assert codes(facts) == {"timestamp-differs"}
    # Its certificate ended after five years, and nothing proves that it was made before.
    later = house.judged(signed, NOW)
    assert later.outcome is Outcome.INDETERMINATE
    assert "certificate-expired" in codes(person(later))
    assert house.judged(house.signed(THEN), NOW).outcome is Outcome.VALID  # with a token of its own it lives


def test_a_document_time_stamp_over_something_else_is_a_broken_signature(house: House) -> None:
    pdf = house.archived(house.signed(THEN), THEN, house.lists(THEN), elsewhere(house, THEN + DAY))
    verdict = house.judged(pdf, THEN + 2 * DAY)
    stamp = stamp_of(verdict)
    assert verdict.outcome is Outcome.INVALID
    assert (stamp.intact, stamp.trusted, stamp.timestamped_at) == (False, None, None)
    assert codes(stamp) == {"timestamp-differs"}
    assert person(verdict).level is not Level.B_LTA


def test_digests_of_lists_end_as_well() -> None:
    """A list with a digest that had ended counts against a certificate and never for it."""
    made_at, listed_at = datetime(2030, 6, 1, tzinfo=UTC), datetime(2031, 2, 1, tzinfo=UTC)
    house = old_house(made_at)
    revoked = (
        x509.RevokedCertificateBuilder()
        .serial_number(house.signer.serial_number)
        .revocation_date(made_at)
        .build()
    )
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(house.issuing.subject)
        .last_update(listed_at)
        .next_update(listed_at + 7 * DAY)
    )
    for digest, at, is_known in (
        (hashes.SHA224(), listed_at - 40 * DAY, True),
        (hashes.SHA224(), listed_at, False),
        (hashes.SHA256(), listed_at, True),
    ):
        good = Material((house.root,), [house.issuing], [builder.sign(house.key, digest)], [])
        assert revocation(good, house.signer, house.issuing, at) == (None, is_known)
    listed = builder.add_revoked_certificate(revoked).sign(house.key, hashes.SHA224())
    bad = Material((house.root,), [house.issuing], [listed], [])
    assert revocation(bad, house.signer, house.issuing, listed_at)[0] is not None
