"""Seal signatures and signed data with national algorithms, judged wherever they stand: OFD or PDF."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from signing.national import algorithms, cms, ses
from signing.national.certificates import Certificate, CertificateBroken, check_chain, load, load_all
from signing.strength import weakness
from signing.verification.facts import Changes, Kind, Problem, SignatureFacts

_LATE: Final = timedelta(days=1)
"""Clocks differ; what claims to come from later than this is not believed."""


def note(facts: SignatureFacts, code: str, detail: str = "") -> None:
    """Add a problem, once."""
    problem = Problem(code, detail)
    if problem not in facts.problems:
        facts.problems.append(problem)


def break_(facts: SignatureFacts, code: str, detail: str = "") -> None:
    """Say that a signature is broken, and why."""
    facts.intact = False
    note(facts, code, detail)


def note_weak(facts: SignatureFacts, weak: set[str], at: datetime) -> None:
    """A signature over a digest whose time was over proves nothing: it may fit, but it is not trusted.

    ``at`` is the moment at which the signature is proved to have been there.
    """
    for said in filter(None, (weakness(at, [name]) for name in sorted(weak))):
        note(facts, "algorithm-ended", said)
        facts.trusted = None if facts.trusted else facts.trusted


class Judge:
    """Judges with given roots at a given moment. What it finds goes into the facts it is handed."""

    def __init__(self, roots: list[Certificate], at: datetime) -> None:
        self.roots = roots
        self.at = at

    def seal(self, facts: SignatureFacts, signed: ses.SealSignature, covered: bytes) -> set[str]:
        """A seal over ``covered`` (Signature.xml, or the covered bytes of a PDF); returns unsafe digests."""
        facts.kind = Kind.SEAL
        facts.signed_at = signed.signed_at or facts.signed_at
        try:
            signer = load(signed.signer)
        except CertificateBroken as error:
            note(facts, "signature-malformed", str(error)[:120])
            return set()
        facts.signer = signer.organisation or signer.name
        facts.intact = signed.is_intact()
        if facts.intact is None:
            note(facts, "unsupported-format", signed.algorithm)
        elif not facts.intact:
            note(facts, "signature-broken")
        weak = self._check_hash(facts, signed, covered)
        is_seal_intact = signed.seal.is_intact()
        if is_seal_intact is False:
            break_(facts, "seal-broken", signed.seal.name)
        elif is_seal_intact is None:
            note(facts, "unsupported-format", signed.seal.algorithm)
            facts.intact = facts.intact and None
        moment = self._stamped(facts, signed.time_stamp, signed.signature)
        self._judge_trust(facts, signer, [], moment)
        self._judge_seal(facts, signed.seal, signer, moment or facts.signed_at or self.at)
        return weak

    def _check_hash(self, facts: SignatureFacts, signed: ses.SealSignature, covered: bytes) -> set[str]:
        said = algorithms.digest_of_signature(signed.algorithm) or "sm3"
        weak = {said} & algorithms.WEAK
        by_length = {16: "md5", 20: "sha1", 32: "sm3", 48: "sha384", 64: "sha512"}.get(len(signed.data_hash))
        for name in dict.fromkeys((said, by_length or said, "sm3", "sha256")):
            if algorithms.digest(name, covered) == signed.data_hash:
                return weak | ({name} & algorithms.WEAK)
        break_(facts, "signed-description-changed")
        return weak

    def _judge_seal(
        self, facts: SignatureFacts, seal: ses.Seal, signer: Certificate, moment: datetime
    ) -> None:
        """The seal's own time, owner and maker; what is wrong with it makes a signature not trusted."""
        refusals: list[Problem] = []
        if moment < seal.valid_from:
            refusals.append(Problem("seal-not-yet-valid", f"{seal.valid_from:%Y-%m-%d}"))
        if moment > seal.valid_to:
            refusals.append(Problem("seal-expired", f"{seal.valid_to:%Y-%m-%d}"))
        if seal.is_owned_by(signer) is False:
            refusals.append(Problem("signer-not-owner", seal.name))
        if self.roots:
            makers = load_all([seal.maker])
            trusts = [check_chain(maker, [], self.roots, moment).trusted for maker in makers]
            if trusts != [True]:
                refusals.append(Problem("seal-maker-untrusted", makers[0].name if makers else ""))
        for problem in refusals:
            note(facts, problem.code, problem.detail)
        if refusals and facts.trusted is not None:
            facts.trusted = False

    def signed_data(self, facts: SignatureFacts, signed: cms.SignedData, covered: bytes) -> set[str]:
        """Signed data over ``covered``, every signer of it; returns unsafe digests."""
        weak: set[str] = set()
        for signer in signed.signers:
            checked = cms.check(signed, signer, covered)
            weak |= set(checked.weak)
            if signer.certificate is not None:
                facts.signer = signer.certificate.name
            facts.signed_at = signer.signed_at or facts.signed_at
            facts.intact = checked.intact
            if checked.intact is False:
                note(facts, "signature-broken")
                return weak
            if checked.intact is None or signer.certificate is None:
                is_bare = checked.unknown == "certificate"
                note(facts, "certificate-missing" if is_bare else "unsupported-format", checked.unknown)
                return weak
            moment = self._stamped(facts, signer.token, signer.signature)
            self._judge_trust(facts, signer.certificate, signed.certificates, moment)
            if not facts.trusted:
                return weak
        return weak

    def _stamped(self, facts: SignatureFacts, token: bytes | None, signature: bytes) -> datetime | None:
        """The time that a trusted time-stamp proves."""
        if token is None:
            return None
        stamp = cms.check_stamp(token, [signature], [], self.roots)
        if isinstance(stamp, cms.BadStamp):
            note(facts, stamp.code, stamp.detail)
            facts.changes_after = Changes.UNKNOWN
            return None
        facts.timestamped_at = stamp.at
        if not stamp.trusted:
            note(facts, "timestamp-untrusted", stamp.authority)
            return None
        return stamp.at

    def _judge_trust(
        self,
        facts: SignatureFacts,
        signer: Certificate,
        others: Iterable[Certificate],
        stamped: datetime | None,
    ) -> None:
        """The signer's chain when it was signed; without a time-stamp it has to hold today as well."""
        claimed = facts.signed_at or self.at
        trust = check_chain(signer, list(others), self.roots, stamped or claimed)
        facts.trusted = trust.trusted
        if trust.code is not None:
            note(facts, trust.code, trust.detail)
        elif stamped is None and claimed > self.at + _LATE:
            facts.trusted = None
            note(facts, "signed-in-future", f"{claimed:%Y-%m-%d}")
        elif stamped is None and self.at > signer.not_after:
            facts.trusted = None
            note(facts, "certificate-expired-since", f"{signer.not_after:%Y-%m-%d}")
