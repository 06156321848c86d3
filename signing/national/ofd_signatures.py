"""Verification of an OFD's seals and signatures (GB/T 33190, 17; GB/T 38540, 7.4).

A signature is good when every part it lists has the digest it lists, its own Signature.xml is the
one that was signed, the signer's and the seal maker's signatures fit, and both lead to trusted
roots. Nothing is fetched, and nothing in a file raises.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from signing.national import algorithms, cms, ofd_structure, ses
from signing.national.certificates import Certificate, load_all
from signing.national.der import DerBroken
from signing.national.ofd_package import OfdPackage, PackageBroken
from signing.national.ofd_structure import Body, Description, Entry, PartBroken, Read
from signing.verification.facts import Changes, Coverage, FileFacts, Kind, Problem, SignatureFacts
from signing.verification.judging import Judge, break_, note, note_weak
from signing.verification.verdict import Verdict

_NAMED: Final = 6
"""How many parts a message names; the rest is counted."""


def verify_ofd(data: bytes, trust: Sequence[bytes], at: datetime) -> Verdict:
    """Judge an OFD file. ``trust`` holds root certificates (DER); ``at`` is the moment of the judgement."""
    digest = hashlib.sha256(data).hexdigest()
    try:
        package = OfdPackage(data)
    except PackageBroken as error:
        return Verdict(digest, FileFacts((), (Problem(error.code, error.detail),), is_readable=False))
    facts = examine(package.read, trust, at, package.names)
    if package.doubled:
        problems = (*facts.problems, Problem("duplicate-part", _listed(package.doubled)))
        facts = FileFacts(facts.signatures, problems, facts.hidden_signatures, facts.is_readable)
    return Verdict(digest, facts)


def verify(
    read: Read, trust: Sequence[bytes], at: datetime, names: Iterable[str] | None = None
) -> dict[str, Any]:
    """The object of ``vermilion verify`` in both languages, ``{"zh-CN": {…}, "en": {…}}``.

    Without ``file`` and ``sha256``, which the caller knows; otherwise as ``examine``.
    """
    verdict = Verdict("", examine(read, trust, at, names))
    answers = {}
    for language in ("zh-CN", "en"):
        answer = verdict.to_json("", language)
        answers[language] = {key: answer[key] for key in answer if key not in ("file", "sha256")}
    return answers


def examine(
    read: Read, trust: Sequence[bytes], at: datetime, names: Iterable[str] | None = None
) -> FileFacts:
    """What the signatures of an OFD are worth.

    ``read`` gives a part by its path from the package's root, without a slash in front; ``names`` are
    the paths of all parts. Without them only those parts are looked at that the documents name.
    """
    try:
        documents = ofd_structure.bodies(read)
    except PartBroken as error:
        return FileFacts((), (Problem("part-broken", str(error)[:120]),), is_readable=False)
    roots = load_all(trust)
    signatures: list[SignatureFacts] = []
    problems: list[Problem] = []
    known, bodies = set[str](), [body for body in documents if body.signature_list]
    for body in bodies:
        examined = _Document(read, roots, at, body, None if names is None else set(names))
        signatures += examined.look()
        problems += examined.problems
        known |= examined.own_parts
    hidden = [name for name in names or () if _is_signature(name) and name not in known]
    if hidden:
        problems.append(Problem("hidden-signature", str(len(hidden))))
    return FileFacts(tuple(signatures), tuple(problems), len(hidden))


def _is_signature(name: str) -> bool:
    last = name.rpartition("/")[2].lower()
    return last in ("signature.xml", "signedvalue.dat")


def _listed(paths: Iterable[str]) -> str:
    found = sorted(paths)
    rest = f" … (+{len(found) - _NAMED})" if len(found) > _NAMED else ""
    return ", ".join(found[:_NAMED])[:400] + rest


@dataclass
class _Looked:
    """A signature while it is judged."""

    entry: Entry
    facts: SignatureFacts
    described: Description | None = None
    covered: set[str] = field(default_factory=set)
    """Parts whose digests are as listed."""
    changed: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    weak: set[str] = field(default_factory=set)
    own_parts: set[str] = field(default_factory=set)

    def note(self, code: str, detail: str = "") -> None:
        note(self.facts, code, detail)

    def break_(self, code: str, detail: str = "") -> None:
        break_(self.facts, code, detail)


class _Document:
    """The signatures of one document of the package."""

    def __init__(
        self, read: Read, roots: list[Certificate], at: datetime, body: Body, names: set[str] | None
    ) -> None:
        self._read = read
        self._judge = Judge(roots, at)
        self._body = body
        self._list = body.signature_list or ""
        self._names = names
        self._digests: dict[tuple[str, str], bytes | None] = {}
        self.problems: list[Problem] = []
        self.own_parts: set[str] = {self._list}

    def look(self) -> list[SignatureFacts]:
        """Judge all of them."""
        try:
            entries = ofd_structure.entries(self._read, self._list)
        except PartBroken as error:
            self.problems.append(Problem("signature-list-missing", str(error)[:120]))
            return []
        looked = [self._look(entry) for entry in entries]
        for one in looked:
            self.own_parts |= one.own_parts
        for place in range(len(looked) - 1, -1, -1):
            self._judge_references(looked[place], looked[place + 1 :])
        for place, one in enumerate(looked):
            self._judge_coverage(one, looked, looked[place + 1 :])
        return [one.facts for one in looked]

    def _look(self, entry: Entry) -> _Looked:
        one = _Looked(entry, SignatureFacts(entry.path, Kind.SEAL), own_parts={entry.path})
        if entry.kind.lower() == "sign":
            one.facts.kind = Kind.APPROVAL
        try:
            one.described = described = ofd_structure.description(self._read, entry.path)
        except PartBroken as error:
            one.note("signature-unreadable", str(error)[:120])
            return one
        one.own_parts |= {described.signed_value} | ({described.seal} if described.seal else set())
        one.facts.signed_at = described.signed_at
        value = self._read(described.signed_value)
        if value is None:
            one.note("signature-value-missing")
            return one
        try:
            self._check_value(one, described, value)
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
            one.facts.intact = None
            one.note("signature-malformed", f"{type(error).__name__}: {error}"[:120])
        return one

    def _check_value(self, one: _Looked, described: Description, value: bytes) -> None:
        """SignedValue.dat is a seal signature, signed data, or a bare number that nobody can place."""
        try:
            self._check_seal(one, described, ses.parse_signature(value))
            return
        except ses.SesBroken as error:
            why = str(error)
        try:
            signed = cms.parse(value)
        except DerBroken:
            if one.entry.kind.lower() == "sign" and len(value) <= 512:
                one.note("certificate-missing")
            else:
                one.note("signature-malformed", why)
            return
        one.facts.kind = Kind.APPROVAL
        one.weak |= self._judge.signed_data(one.facts, signed, described.raw)

    def _check_seal(self, one: _Looked, described: Description, signed: ses.SealSignature) -> None:
        one.weak |= self._judge.seal(one.facts, signed, described.raw)
        self._compare_seal_file(one, described, signed.seal)

    def _compare_seal_file(self, one: _Looked, described: Description, inside: ses.Seal) -> None:
        """Viewers may draw Seal.esl: it must be the seal that was put on."""
        data = self._read(described.seal) if described.seal else None
        if data is None or data.rstrip(b"\x00") == inside.raw.rstrip(b"\x00"):
            return
        try:
            is_same = ses.parse_seal(data).info == inside.info
        except ses.SesBroken:
            is_same = False
        if is_same:
            one.facts.changes_after = Changes.UNKNOWN
            one.note("seal-file-differs")
        else:
            one.break_("seal-file-differs")

    # what is covered

    def _judge_references(self, one: _Looked, later: Sequence[_Looked]) -> None:
        """Every listed digest made anew. Only the list of signatures may have grown, by a good one."""
        if one.described is None:
            return
        method = algorithms.digest_name(one.described.method)
        if method is None:
            one.facts.intact = one.facts.intact and None
            one.note("unsupported-format", one.described.method[:40])
        else:
            one.weak |= {method} & algorithms.WEAK
            self._check_digests(one, one.described, method)
        grown = {self._list} & one.changed if any(other.facts.intact for other in later) else set[str]()
        if one.missing:
            one.break_("reference-missing", _listed(one.missing))
        if one.changed - grown:
            one.break_("reference-changed", _listed(one.changed - grown))
        if one.facts.intact is False:
            one.facts.changes_after = Changes.FORBIDDEN if one.changed - grown else one.facts.changes_after
        note_weak(one.facts, one.weak, self._judge.at)

    def _check_digests(self, one: _Looked, described: Description, method: str) -> None:
        for reference in described.references:
            found = self._digest(reference.path, method)
            if found is None:
                one.missing.add(reference.path)
            elif found == reference.digest:
                one.covered.add(reference.path)
            else:
                one.changed.add(reference.path)

    def _digest(self, path: str, method: str) -> bytes | None:
        if (path, method) not in self._digests:
            data = self._read(path)
            self._digests[path, method] = None if data is None else algorithms.digest(method, data)
        return self._digests[path, method]

    def _judge_coverage(self, one: _Looked, everybody: Sequence[_Looked], later: Sequence[_Looked]) -> None:
        if one.described is None:
            return
        drawn, besides = ofd_structure.shown_parts(self._read, self._body.root)
        parts = self._names if self._names is not None else drawn | besides | {ofd_structure.ENTRY}
        # What a document is drawn from is never a signature's own file, whatever a list claims.
        own = (self.own_parts - drawn - besides) | one.changed
        bare = (parts | drawn) - own - one.covered - one.missing
        elsewhere = set[str]().union(*(other.covered for other in everybody if other.facts.intact))
        if (bare & drawn) - elsewhere:
            one.facts.coverage = Coverage.PART
        elif not bare:
            one.facts.coverage = Coverage.REVISION if later else Coverage.FILE
        if bare:
            one.note("uncovered-part", _listed(bare))
        if one.facts.changes_after is Changes.UNKNOWN and one.facts.intact and not self._doubt(one):
            one.facts.changes_after = Changes.ALLOWED if later else Changes.NONE

    def _doubt(self, one: _Looked) -> bool:
        """Whether a file of the signature, or its time-stamp, is not what it should be."""
        codes = (problem.code for problem in one.facts.problems)
        return any(code == "seal-file-differs" or code.startswith("timestamp-") for code in codes)
