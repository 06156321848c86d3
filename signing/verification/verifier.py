"""Verification of a signed PDF, without trusting anything but the roots that are given."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from cryptography import x509

from signing.pki import PERSON_POLICY, SEAL_POLICY, SERVICE_POLICY
from signing.source import Source
from signing.verification import changes, coverage, formats, preparation
from signing.verification.chain import check_trust
from signing.verification.cms_checks import NotChecked, Signed, Stamp, check, check_token, revocation_in
from signing.verification.coverage import Digests
from signing.verification.facts import Coverage, FileFacts, Kind, Level, Problem, SignatureFacts
from signing.verification.finding import MOST_SIGNATURES, Found, Signature, find
from signing.verification.material import Material, add_crl, add_ocsp, common_name, gather, is_of_entity
from signing.verification.objects import end_of
from signing.verification.reading import MALFORMED, NotReadable, count_locked_in, open_file
from signing.verification.verdict import Verdict

_PADES: Final = "/ETSI.CAdES.detached"
_STAMP: Final = "/ETSI.RFC3161"
_DETACHED: Final = "/adbe.pkcs7.detached"


def verify_pdf(pdf: bytes | Source, trust: Sequence[bytes], at: datetime) -> Verdict:
    """Judge every signature, seal and document time-stamp of a file.

    ``trust`` holds root certificates (DER); ``at`` is the moment of the judgement. Never raises for
    what is in the file. One that stays on the disk costs little memory, however large it is; only a
    format of national algorithms needs what it covers in one piece.
    """
    source = Source.of(pdf) if isinstance(pdf, bytes) else pdf
    digest = source.sha256()
    try:
        return Verdict(digest, _facts(source, trust, at))
    except NotReadable as error:
        problem = Problem(error.code, error.detail)
    except Exception as error:  # whatever a library raises for a file, the answer is that nothing is known
        problem = Problem("broken-file", type(error).__name__)
    # Not within the exception: it keeps alive all that was read, and memory may be what ran out.
    return Verdict(digest, _closed(source, problem))


def _facts(source: Source, trust: Sequence[bytes], at: datetime) -> FileFacts:
    """All that is found out. Raises NotReadable."""
    try:
        found = find(open_file(source))
    except MALFORMED as error:
        raise NotReadable("broken-file", f"{type(error).__name__}: {error}"[:160]) from error
    material = gather(found, trust)
    facts = _Looking(found, material, at).all()
    compared = changes.settle(changes.steps(found), {one.field_name: one for one in facts})
    for one in facts:
        changes.judge(one, compared)
    _raise_levels(facts)
    noted, warnings = _about_the_file(found), preparation.warnings(found)
    return FileFacts(
        tuple(facts),
        tuple(noted),
        found.hidden,
        warnings=tuple(warnings),
        revisions=found.file.revisions,
        ends=tuple(end_of(source.data, found.file.startxref(one)) for one in range(found.file.revisions)),
    )


def _closed(source: Source, problem: Problem) -> FileFacts:
    """A file that cannot be read: what is locked in is told, and nothing is known of it."""
    locked = count_locked_in(source, MOST_SIGNATURES) if problem.code == "encrypted" else 0
    inside = [
        SignatureFacts("", Kind.APPROVAL, problems=[Problem("not-readable-inside")]) for _ in range(locked)
    ]
    return FileFacts(tuple(inside), (problem,), is_readable=False)


def _about_the_file(found: Found) -> list[Problem]:
    noted = [Problem("signature-unreadable", name) for name in found.unreadable]
    if found.hidden:
        noted.append(Problem("hidden-signature", str(found.hidden)))
    noted += [Problem("signature-removed", name) for name in dict.fromkeys(found.removed)]
    noted += [Problem("signature-doubled", name) for name in dict.fromkeys(found.doubled)]
    if coverage.has_trailing_bytes(found):
        noted.append(Problem("trailing-bytes"))
    levels = [index for index, one in enumerate(found.signatures) if one.docmdp_level is not None]
    if levels and (levels[0] != 0 or len(levels) > 1):
        noted.append(Problem("certification-not-first"))
    return noted


class _Looking:
    """Looks at signatures from the newest to the oldest: what a time-stamp proves helps those before."""

    def __init__(self, found: Found, material: Material, at: datetime) -> None:
        self._found = found
        self._material = material
        self._at = at
        self._proved = at
        """The moment at which everything that comes before in the file is proved to have been there."""
        self._digests = Digests(found.file.source, found.signatures)

    def all(self) -> list[SignatureFacts]:
        """The facts of all signatures, in the order of the file."""
        facts = [self._look(one) for one in reversed(self._found.signatures)]
        facts.reverse()
        return facts

    def _look(self, signature: Signature) -> SignatureFacts:
        kind = Kind.TIMESTAMP if signature.subfilter == _STAMP else Kind.APPROVAL
        facts = SignatureFacts(signature.fq_name, kind, reason=signature.reason, end=signature.end)
        facts.coverage = coverage.judge(self._found.file, signature)
        facts.revision = signature.revision
        if facts.coverage is Coverage.PART:
            facts.problems.append(Problem("covers-part"))
        try:
            self._judge(signature, facts)
        except NotChecked as error:
            facts.problems.append(error.problem)
        except MALFORMED as error:
            facts.problems.append(Problem("signature-malformed", type(error).__name__))
        except Exception as error:  # the libraries' own errors for broken CMS and certificates
            facts.problems.append(Problem("signature-malformed", type(error).__name__))
        return facts

    def _judge(self, signature: Signature, facts: SignatureFacts) -> None:
        if formats.may_be_other(signature):
            covered = self._digests.covered(signature)
            if signature.subfilter == _STAMP:
                if formats.look_at_national_stamp(signature.contents, covered, self._material, facts):
                    return
            elif formats.look(signature, covered, self._material, self._proved, facts):
                return
        if signature.subfilter == _STAMP:
            self._look_at_timestamp(signature, facts)
        elif signature.subfilter in (_PADES, _DETACHED):
            self._look_at_signature(signature, facts)
        else:
            facts.problems.append(Problem("unsupported-format", signature.subfilter[:40]))

    def _look_at_timestamp(self, signature: Signature, facts: SignatureFacts) -> None:
        checked = check_token(
            self._material,
            signature.contents,
            lambda name: self._digests.of(signature, name),
            self._proved,
        )
        if isinstance(checked, Problem):
            facts.intact = checked.code in ("timestamp-from-future", "timestamp-algorithm") and None
            facts.problems.append(checked)
            return
        facts.intact = True
        facts.signer, facts.timestamped_at = checked.authority, checked.at
        facts.trusted = checked.trust.trusted
        if checked.trust.problem is not None:
            facts.problems.append(checked.trust.problem)
        if facts.trusted and facts.coverage in (Coverage.FILE, Coverage.REVISION):
            self._proved = min(self._proved, checked.at)

    def _look_at_signature(self, signature: Signature, facts: SignatureFacts) -> None:
        facts.signed_at = signature.claimed_at
        for der in (found := revocation_in(signature.contents))[0]:
            add_crl(self._material, der)
        for der in found[1]:
            add_ocsp(self._material, der)
        signed = check(signature.contents, lambda name: self._digests.of(signature, name))
        facts.signer = common_name(signed.certificate)
        facts.kind = _kind(signature, signed.certificate)
        facts.algorithm = f"{signed.algorithm} / {signed.digest}"
        facts.issuer = signed.certificate.issuer.rfc4514_string()
        facts.intact = signed.intact
        if signed.intact is None:
            facts.problems.append(Problem("unsupported-format", facts.algorithm))
            return
        if not signed.intact:
            facts.problems.append(Problem("signature-broken"))
            return
        self._judge_trust(signature, signed, facts)

    def _judge_trust(self, signature: Signature, signed: Signed, facts: SignatureFacts) -> None:
        stamp = self._stamp(signed)
        moment = self._proved
        if isinstance(stamp, Problem):
            facts.problems.append(stamp)
        elif stamp is not None:
            facts.timestamped_at = stamp.at
            if stamp.trust.trusted:
                moment = min(moment, stamp.at)
            elif stamp.trust.problem is not None:
                facts.problems.append(Problem("timestamp-untrusted", stamp.authority))
        if (weak := signed.weakness(moment)) is not None:
            facts.problems.append(Problem("algorithm-ended", weak))
            return
        trust = check_trust(self._material, signed.certificate, signed.others, moment)
        facts.trusted = trust.trusted
        if trust.problem is not None:
            facts.problems.append(trust.problem)
        if signature.subfilter != _PADES or not signed.names_certificate:
            facts.problems.append(Problem("not-pades"))
            return
        facts.level = Level.B_B
        if stamp is not None and not isinstance(stamp, Problem) and stamp.trust.trusted:
            facts.level = Level.B_T
            if trust.trusted and trust.has_revocation and stamp.trust.has_revocation:
                facts.level = Level.B_LT

    def _stamp(self, signed: Signed) -> Stamp | Problem | None:
        if signed.has_many_tokens:
            return Problem("timestamp-broken", "NotUnique")
        if signed.token is None:
            return None
        return check_token(
            self._material,
            signed.token,
            lambda name: hashlib.new(name, signed.value, usedforsecurity=False).digest(),
            self._proved,
        )


def _kind(signature: Signature, certificate: x509.Certificate) -> Kind:
    try:
        policies = certificate.extensions.get_extension_for_class(x509.CertificatePolicies).value
    except x509.ExtensionNotFound:
        policies = None
    if policies is not None and any(one.policy_identifier == SEAL_POLICY for one in policies):
        return Kind.SEAL
    if signature.docmdp_level is not None:
        return Kind.CERTIFICATION
    ours = policies is not None and any(
        one.policy_identifier in (PERSON_POLICY, SERVICE_POLICY) for one in policies
    )
    return Kind.SEAL if not ours and is_of_entity(certificate) else Kind.APPROVAL


def _raise_levels(facts: list[SignatureFacts]) -> None:
    """B-LT becomes B-LTA when a later, good document time-stamp covers signature and material."""
    stamps = [one.revision for one in facts if one.kind is Kind.TIMESTAMP and one.intact and one.trusted]
    for one in facts:
        if one.level is Level.B_LT and any(revision > one.revision >= 0 for revision in stamps):
            one.level = Level.B_LTA
