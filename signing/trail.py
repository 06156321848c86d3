"""Checks everything that the audit trail, the register and the tree heads say, against each other.

Offline: all that is needed is the database, and heads that were kept elsewhere (``--head FILE``).
Nothing stops at the first problem; each finding names the entry, line or head that differs.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit, audit_tree, merkle
from core.i18n import Translator
from core.models import AuditEntry, AuditHead
from signing import entries
from signing.detached import NotGood, signer_of, stamped_at
from signing.heads import NO_PREVIOUS, HeadNotUnderstood, SignedHead, parse
from signing.models import Certificate, CertificateRole, SealRecord
from signing.register_models import TreeHead
from signing.transparency import signed
from signing.trust import own_roots, timestamp_roots

MOST_FINDINGS: Final = 200


@dataclass(frozen=True)
class Finding:
    """One thing that does not fit. ``sequence`` is the audit entry, or the first of several up to ``last``.

    ``code`` names the text ``trail-<code>``; ``subject`` is a head's file or number, or a register line.
    """

    code: str
    sequence: int | None = None
    last: int | None = None
    subject: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain values, for the command line and the API."""
        return {
            "code": self.code, "sequence": self.sequence, "last": self.last, "subject": self.subject or None
        }  # fmt: skip


@dataclass
class Report:
    """What was checked and what was found."""

    entries: int = 0
    records: int = 0
    heads: int = 0
    anchors: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        return not self.findings

    def add(self, code: str, sequence: int | None = None, last: int | None = None, subject: str = "") -> None:
        """Note a finding; one that goes on where the last of its code ended makes that one longer."""
        for at in range(len(self.findings) - 1, -1, -1):
            before = self.findings[at]
            if before.code == code:
                if sequence is not None and sequence - 1 == (before.last or before.sequence) and not subject:
                    self.findings[at] = replace(before, last=last or sequence)
                    return
                break
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(Finding(code, sequence, last, subject))


def check(session: Session, anchors: Sequence[tuple[str, SignedHead]] = ()) -> Report:
    """Check chain, payloads, tree, heads, register; ``anchors`` are heads kept elsewhere, by file name."""
    report = Report()
    stored = list(session.scalars(select(TreeHead).order_by(TreeHead.number)))
    wanted = {row.size for row in stored} | {parse(one.body, name).size for name, one in anchors}
    roots, told = _walk(session, report, wanted)
    own = own_roots(session)
    trust = _Trust(own, [*own, *timestamp_roots(session)], _service_serials(session))
    _check_heads(report, stored, roots, trust)
    _check_anchors(report, stored, anchors, roots, trust)
    _check_register(session, report, told)
    return report


@dataclass(frozen=True)
class _Trust:
    """Roots (DER) of our signatures and of time-stamps, and the certificates that may sign heads."""

    roots: list[bytes]
    stamps: list[bytes]
    services: set[int]


def describe(finding: Finding, text: Translator) -> str:
    """What a finding means, in the reader's language."""
    where = "" if finding.sequence is None else str(finding.sequence)
    if finding.last is not None and finding.last != finding.sequence:
        where = f"{where}–{finding.last}"
    return text.text(f"trail-{finding.code}", entry=where, subject=finding.subject)


Told = dict[UUID, list[tuple[int, dict[str, Any] | None]]]
"""What the trail says of each register line: sequence and payload of the entries that entered it."""


def _walk(session: Session, report: Report, wanted: set[int]) -> tuple[dict[int, str], Told]:
    """Walk the trail once: chain, payloads, the kept tree; roots at the wanted sizes on the way."""
    kept = _KeptLeaves(session)
    frontier = merkle.Frontier()
    roots = {0: merkle.EMPTY.hex()}
    told: Told = defaultdict(list)
    previous, expected = audit.GENESIS, 1
    for entry in audit.entries(session):
        if entry.sequence > expected:
            last = entry.sequence - 1
            report.add("missing", expected, last if last > expected else None)
        _check_payload(report, entry)
        data = audit.link(previous, entry)
        if hashlib.sha256(data).hexdigest() != entry.chain_digest:
            report.add("chain", entry.sequence)
        leaf = merkle.leaf_hash(data)
        if not kept.agrees(entry.sequence - 1, leaf):
            report.add("tree", entry.sequence)
        frontier.add(leaf)
        if frontier.size in wanted:
            roots[frontier.size] = frontier.root().hex()
        if entry.action in set(entries.ACTIONS.values()) and entry.resource_id is not None:
            told[entry.resource_id].append((entry.sequence, entry.payload))
        report.entries += 1
        previous, expected = entry.chain_digest, entry.sequence + 1
    head = session.get(AuditHead, 1)
    if head is not None and (head.sequence != expected - 1 or head.chain_digest != previous):
        report.add("end", expected)
    if kept.size >= expected:
        report.add("missing", expected, kept.size if kept.size > expected else None)
    return roots, told


def _check_payload(report: Report, entry: AuditEntry) -> None:
    is_erased = entry.payload is None and entry.salt is None
    if not is_erased and audit.digest_payload(entry.salt or "", entry.payload or {}) != entry.payload_digest:
        report.add("payload", entry.sequence)


class _KeptLeaves:
    """The leaf hashes that the kept tree took in, read tile by tile."""

    def __init__(self, session: Session) -> None:
        self.size = audit_tree.size(session)
        self._nodes = audit_tree.nodes(session)
        self._session = session
        self._tile = -1

    def agrees(self, index: int, leaf: bytes) -> bool:
        if index >= self.size:
            return True
        if index // merkle.TILE_WIDTH != self._tile:  # forget the tiles before
            self._tile = index // merkle.TILE_WIDTH
            self._nodes = audit_tree.nodes(self._session)
        return self._nodes(0, index) == leaf


def _service_serials(session: Session) -> set[int]:
    rows = session.scalars(
        select(Certificate.serial_number).where(Certificate.role == CertificateRole.SERVICE)
    )
    return {int(one, 16) for one in rows}


def _check_heads(report: Report, stored: Sequence[TreeHead], roots: dict[int, str], trust: _Trust) -> None:
    previous, good = NO_PREVIOUS, 0
    for expected, row in enumerate(stored, start=1):
        name = str(row.number)
        one = signed(row)
        try:
            stated = parse(row.body)
        except HeadNotUnderstood:
            report.add("head-form", subject=name)
            continue
        columns = (row.number, row.size, row.root, row.at)
        if (stated.number, stated.size, stated.root, stated.at) != columns:
            report.add("head-form", subject=name)
        if row.number != expected or stated.previous != previous:
            report.add("head-order", subject=name)
        good = _check_one(report, name, one, roots, good, trust)
        previous = one.digest
        report.heads += 1


def _check_one(
    report: Report,
    name: str,
    one: SignedHead,
    roots: dict[int, str],
    good: int,
    trust: _Trust,
) -> int:
    """Root, signature and token of one head. Returns up to which entry all is good."""
    stated = parse(one.body, name)
    root = roots.get(stated.size)
    if root is None:
        report.add("head-ahead", report.entries + 1, stated.size, name)
    elif root != stated.root:
        report.add("head-root", good + 1, stated.size, name)
    else:
        good = max(good, stated.size)
    for problem in _signature_problems(one, trust):
        report.add(problem, subject=name)
    return good


def _signature_problems(one: SignedHead, trust: _Trust) -> Iterator[str]:
    if not one.signature and not one.token:  # a bare text: only its root is compared
        return
    try:
        signer = signer_of(one.signature, one.body.encode(), trust.roots, parse(one.body).at)
        if signer.serial_number not in trust.services:
            yield "head-signature"
    except NotGood:
        yield "head-signature"
    try:
        stamped_at(one.token, one.signature, trust.stamps)
    except NotGood:
        yield "head-token"


def _check_anchors(
    report: Report,
    stored: Sequence[TreeHead],
    anchors: Sequence[tuple[str, SignedHead]],
    roots: dict[int, str],
    trust: _Trust,
) -> None:
    known = {row.number: row.body for row in stored}
    good = 0
    for name, one in sorted(anchors, key=lambda pair: parse(pair[1].body, pair[0]).size):
        stated = parse(one.body, name)
        if known.get(stated.number) != one.body:
            report.add("head-unknown", subject=name)
        good = _check_one(report, name, one, roots, good, trust)
        report.anchors += 1


def _check_register(session: Session, report: Report, told: Told) -> None:
    """Numbers without gaps, every line told of by the trail as it stands, and no line gone."""
    last: dict[tuple[UUID, int], int] = {}
    seen: set[UUID] = set()
    query = select(SealRecord).order_by(SealRecord.seal_id, SealRecord.year, SealRecord.number)
    for row in session.scalars(query.execution_options(yield_per=500)):
        series = (row.seal_id, row.year)
        number = f"{row.year}-{row.number:04d}"
        if row.number != last.get(series, 0) + 1:
            report.add("register-gap", subject=number)
        last[series] = row.number
        seen.add(row.id)
        report.records += 1
        _check_line(report, row, number, told.get(row.id, []))
    for record_id, said in told.items():
        if record_id not in seen:
            payload = said[0][1] or {}
            report.add("register-missing", said[0][0], subject=str(payload.get("number") or record_id))


def _check_line(
    report: Report, row: SealRecord, number: str, said: list[tuple[int, dict[str, Any] | None]]
) -> None:
    if not said:
        report.add("register-unknown", subject=number)
        return
    sequence, payload = said[0]
    if len(said) > 1:
        report.add("register-twice", said[1][0], subject=number)
    if payload is not None and not entries.is_told(row, payload):
        report.add("register-changed", sequence, subject=number)
