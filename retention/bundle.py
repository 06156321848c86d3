"""The evidence bundle of a case: a ZIP that a court's expert checks with openssl, pdfsig and a text editor.

Its bytes depend on the state of the case only: who asks, when, and how often leaves no trace in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, Final
from uuid import UUID

from asn1crypto import cms
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from core import audit, merkle
from core.errors import NotFound
from core.i18n import LANGUAGES, translator
from core.models import AuditEntry
from core.permissions import Principal, ResourceType, may_read
from core.runtime import Runtime
from ingest.models import Version
from retention.bundle_commands import Bundle, ContinuedPdf, PdfToCheck, SignatureToCheck, checks, script
from retention.bundle_readme import readme
from retention.bundle_zip import BundleZip
from retention.export import describe, safe_name
from retention.models import RetentionTerm
from signing import by_hand, entries, transparency
from signing.cutting import Cut, Material, cut
from signing.models import RevocationList, SealRecord
from signing.register import number_of
from signing.register_models import TreeHead
from signing.service import SigningService
from storage.objects import CHUNK
from storage.service import ObjectStore
from workflow.cases import CaseView, DocumentView
from workflow.service import WorkflowService

_READING: Final = ("viewed", "downloaded", "exported")
"""Last words of acts that only read: who looked is nobody's business outside, and changes nothing."""
_MOST_NAMES: Final = 60
_ENDINGS: Final = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png"}


def write_bundle(runtime: Runtime, principal: Principal, case_id: UUID, path: Path) -> str:
    """Write the bundle of a case to a new file, and note it in the audit trail. Returns its name.

    Opens its own transactions. Raises NotFound for a case that the person may not see.
    """
    name = _Writer(runtime, principal, case_id).write(path)
    with runtime.database.write() as session:
        audit.record(
            session, runtime.clock.now(), principal.person_id, "evidence.exported", "evidence", case_id
        )
    return name


def open_bundle(runtime: Runtime, principal: Principal, case_id: UUID) -> tuple[str, BinaryIO, int]:
    """The bundle as a file that is gone when it is closed: name, file, size in bytes. Raises NotFound."""
    with TemporaryDirectory(dir=runtime.settings.home) as folder:
        path = Path(folder) / "bundle.zip"
        name = write_bundle(runtime, principal, case_id, path)
        return name, path.open("rb"), path.stat().st_size


def bundle_pieces(file: BinaryIO) -> Iterator[bytes]:
    """An opened bundle in pieces; it is closed at the end."""
    with file:
        yield from iter(lambda: file.read(CHUNK), b"")


@dataclass(frozen=True)
class _State:
    """What the bundle shows, read at one instant."""

    view: CaseView
    term: RetentionTerm | None
    records: Sequence[SealRecord]
    scans: Sequence[tuple[str, str]]  # digest, media type
    trail: Sequence[AuditEntry]
    roots: Sequence[bytes]
    crls: Sequence[bytes]


class _Writer:
    def __init__(self, runtime: Runtime, principal: Principal, case_id: UUID) -> None:
        self._runtime = runtime
        self._principal = principal
        self._case_id = case_id
        self._bundle = Bundle()
        self._certificates: dict[bytes, asn1_x509.Certificate] = {}

    def write(self, path: Path) -> str:
        transparency_of = self._runtime.get(SigningService).transparency
        with self._runtime.database.snapshot() as session:
            state = self._read(session)
        if not state.trail:
            raise NotFound(what="audit_entry")
        head = transparency_of.head_over(state.trail[-1].sequence)
        folder = safe_name(state.view.case.serial_number)
        with TemporaryDirectory(dir=self._runtime.settings.home) as scratch, BundleZip(path, folder) as made:
            self._write_papers(made, state, Path(scratch) / "paper.pdf")
            with self._runtime.database.snapshot() as session:
                self._write_trail(made, session, state, head)
            self._write_register(made, state)
            self._write_certificates(made, state, head)
            self._write_instructions(made, state, head)
        return f"{folder}-evidence.zip"

    def _read(self, session: Session) -> _State:
        view = self._runtime.get(WorkflowService).get_case(session, self._principal, self._case_id)
        records = session.scalars(
            select(SealRecord)
            .where(SealRecord.case_id == self._case_id)
            .order_by(SealRecord.sealed_at, SealRecord.id)
        ).all()
        readable = [
            row for row in records if may_read(session, self._principal, ResourceType.SEAL_RECORD, row.id)
        ]
        scans = []
        for scan in by_hand.scans(session, [row.id for row in readable]):
            if may_read(session, self._principal, ResourceType.DOCUMENT, scan.document_id):
                media_type = session.scalar(select(Version.media_type).where(Version.digest == scan.digest))
                scans.append((scan.digest, media_type or ""))
        papers = [one.id for one in (*view.sheets, *view.documents)]
        return _State(
            view,
            session.get(RetentionTerm, self._case_id),
            readable,
            scans,
            _trail(session, self._case_id, papers, [row.id for row in readable]),
            self._runtime.get(SigningService).trust_anchors(session),
            session.scalars(select(RevocationList.der).order_by(RevocationList.issuer_id)).all(),
        )

    # papers

    def _write_papers(self, made: BundleZip, state: _State, scratch: Path) -> None:
        store, files = self._runtime.get(ObjectStore), {}
        materials: list[Material] = []
        for number, paper in enumerate([*state.view.sheets, *state.view.documents], start=1):
            store.fetch(paper.digest, scratch)
            file = f"pdf/{_stem(number, paper)}.pdf"
            made.add_pieces(file, _pieces(scratch))
            files[paper.id] = file
            material = cut(scratch)
            materials.append(material)
            size = scratch.stat().st_size
            self._write_signatures(made, file, _stem(number, paper), material, state.roots, size)
            for one in paper.continues:  # the earlier sheets were written before
                self._bundle.continued.append(ContinuedPdf(file, files[one.document_id], one.size))
        facts = describe(state.view, state.term, files)
        made.add("case.json", json.dumps(facts, ensure_ascii=False, indent=1, default=str) + "\n")
        for number, (digest, media_type) in enumerate(state.scans, start=1):
            ending = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png"}.get(
                media_type, "bin"
            )
            made.add_pieces(f"scans/{number:02d}-{digest[:8]}.{ending}", store.chunks(digest))
        self._write_revocation(made, materials, state)

    def _write_signatures(
        self, made: BundleZip, file: str, stem: str, material: Material, roots: Sequence[bytes], size: int
    ) -> None:
        self._certificates.update(material.certificates)
        for number, one in enumerate(material.cuts, start=1):
            base = f"signatures/{stem}-{number:02d}"
            for ending, data in (("p7s", one.cms), ("value", one.value), ("tst", one.token)):
                if data is not None:
                    made.add(f"{base}.{ending}", data)
            made.add(f"{base}.txt", _signature_text(file, one))
            is_ours = one.signer is None or _is_below(one.signer, roots, material)
            signer = str(one.signer.subject.native.get("common_name", "")) if one.signer else ""
            self._bundle.signatures.append(
                SignatureToCheck(
                    base,
                    file,
                    one.ranges,
                    one.cms is not None,
                    one.token is not None and _is_stamp_below(one.token, roots),
                    is_ours,
                    _printable(signer),
                    one.stamped_at,
                )
            )
            if one.signer is not None and is_ours:
                self._add_signer(made, one.signer)
        end = max((one.ranges[2] + one.ranges[3] for one in material.cuts), default=-1)
        if end == size:
            self._bundle.covered[file] = size
        signed = [one for one in self._bundle.signatures if one.pdf == file and one.has_cms]
        if signed and all(one.is_ours for one in signed):
            self._bundle.pdfs.append(PdfToCheck(file, len(signed)))

    def _add_signer(self, made: BundleZip, certificate: asn1_x509.Certificate) -> None:
        file = f"certificates/signer-{certificate.serial_number:x}.pem"
        if file not in self._bundle.signers:
            made.add(file, _pem(certificate.dump()))
            self._bundle.signers.append(file)

    def _write_revocation(self, made: BundleZip, materials: Iterable[Material], state: _State) -> None:
        embedded = [crl for material in materials for crl in material.crls]
        lists = {crl: x509.load_der_x509_crl(crl) for crl in embedded or state.crls}
        newest: dict[bytes, x509.CertificateRevocationList] = {}
        for found in lists.values():
            issuer = found.issuer.public_bytes()
            if issuer not in newest or newest[issuer].last_update_utc < found.last_update_utc:
                newest[issuer] = found
        for number, found in enumerate(
            sorted(newest.values(), key=lambda one: one.issuer.rfc4514_string()), start=1
        ):
            file = f"revocation/crl-{number}.pem"
            made.add(file, found.public_bytes(Encoding.PEM))
            self._bundle.crls.append((file, found.last_update_utc))
        answers = dict.fromkeys(answer for material in materials for answer in material.ocsps)
        for number, answer in enumerate(answers, start=1):
            file = f"revocation/ocsp-{number}.der"
            made.add(file, answer)
            self._bundle.ocsps.append(file)

    # trail, register, head

    def _write_trail(self, made: BundleZip, session: Session, state: _State, head: TreeHead) -> None:
        lines = [audit.entry_line(entry) for entry in state.trail]
        made.add("audit/entries.jsonl", "\n".join(lines) + "\n")
        proofs = transparency.Proofs(session, head.size)
        for entry in state.trail:
            stem = f"audit/{entry.sequence:08d}"
            made.add(f"{stem}.leaf", transparency.link_of(session, entry.sequence))
            if entry.salt is not None and entry.payload is not None:
                made.add(f"{stem}.payload", entry.salt.encode() + audit.canonical(entry.payload))
            else:
                self._bundle.erased.add(entry.sequence)
            steps = merkle.inclusion_steps(entry.sequence - 1, head.size, proofs.inclusion(entry.sequence))
            made.add(f"{stem}.proof", _steps(steps))
            self._bundle.entries.append(entry.sequence)
        self._write_head(made, head)
        self._bundle.head, self._bundle.head_at = f"{head.number:08d}", head.at
        previous = session.get(TreeHead, head.number - 1)
        if previous is None:
            return
        self._write_head(made, previous)
        self._bundle.previous, self._bundle.previous_at = f"{previous.number:08d}", previous.at
        found = transparency.consistency(session, previous.size, head.size)
        path = [bytes.fromhex(step) for step in found.path]
        consistency = merkle.consistency_steps(
            previous.size, head.size, bytes.fromhex(found.first_root), path
        )
        made.add(f"heads/{previous.number:08d}-{head.number:08d}.consistency", _steps(consistency))

    def _write_head(self, made: BundleZip, head: TreeHead) -> None:
        name = f"heads/{head.number:08d}"
        for ending, data in (
            ("txt", head.body.encode()),
            ("p7s", head.signature),
            ("tst", head.token),
            ("json", transparency.signed(head).to_file()),
        ):
            made.add(f"{name}.{ending}", data)

    def _write_register(self, made: BundleZip, state: _State) -> None:
        told = {
            entry.resource_id: entry.sequence
            for entry in reversed(state.trail)
            if entry.action in entries.ACTIONS.values()
        }
        for row in state.records:
            file = f"register/{number_of(row)}-{str(row.id)[-12:]}.json"
            made.add(file, entries.encoded(row))
            if row.version >= entries.ENTRY_VERSION and row.id in told:
                self._bundle.register.append((file, told[row.id]))

    def _write_certificates(self, made: BundleZip, state: _State, head: TreeHead) -> None:
        for data in (head.signature, head.token):
            self._certificates.update(_certificates_of(data))
        roots = "".join(_pem(one) for one in state.roots)
        others = [
            one for _key, one in sorted(self._certificates.items()) if one.dump() not in set(state.roots)
        ]
        rest = "".join(_pem(one.dump()) for one in others)
        made.add("certificates/root.pem", roots)
        made.add("certificates/others.pem", rest)
        made.add("certificates/all.pem", roots + rest)

    def _write_instructions(self, made: BundleZip, state: _State, head: TreeHead) -> None:
        found = list(checks(self._bundle))
        stated = transparency.stated(head)
        facts = {
            "serial": state.view.case.serial_number,
            "subject": _printable(state.view.case.subject),
            "origin": stated.origin,
            "head": f"{head.number:08d}",
        }
        for language in LANGUAGES:
            name = "zh" if language.startswith("zh") else language
            made.add(f"README.{name}.md", readme(translator(language), found, facts))
        made.add("check.sh", script(found))


def _trail(
    session: Session, case_id: UUID, papers: Sequence[UUID], records: Sequence[UUID]
) -> list[AuditEntry]:
    """The audit entries about a case, its papers and its register lines, without those of readers."""
    about = [
        and_(AuditEntry.resource_type == "case", AuditEntry.resource_id == case_id),
        and_(AuditEntry.resource_type == "document", AuditEntry.resource_id.in_(papers)),
        and_(AuditEntry.resource_type == "seal_record", AuditEntry.resource_id.in_(records)),
    ]
    rows = session.scalars(select(AuditEntry).where(or_(*about)).order_by(AuditEntry.sequence))
    return [row for row in rows if row.action.rsplit(".", 1)[-1] not in _READING]


def _stem(number: int, paper: DocumentView) -> str:
    return f"{number:02d}-{'sheet' if paper.field == 'sheet' else 'document'}-{paper.digest[:8]}"


def _pieces(path: Path) -> Iterable[bytes]:
    with path.open("rb") as file:
        yield from iter(lambda: file.read(CHUNK), b"")


def _pem(der: bytes) -> str:
    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM).decode()


def _printable(text: str) -> str:
    """Text out of a file, fit for a line of instructions and for a shell's comment."""
    return "".join(one for one in text if one.isprintable() and one not in "'\"`$\\")[:_MOST_NAMES]


def _steps(steps: Iterable[tuple[str, bytes]]) -> str:
    return "".join(f"{verb} {step.hex()}\n" for verb, step in steps)


def _signature_text(file: str, one: Cut) -> str:
    start, length, second, rest = one.ranges
    facts: dict[str, Any] = {
        "file": file,
        "field": one.field,
        "signed bytes": f"{start}..{start + length - 1}, {second}..{second + rest - 1} (from 0)",
        "signer": one.signer.subject.human_friendly if one.signer else "-",
        "time-stamp": one.stamped_at.isoformat() if isinstance(one.stamped_at, datetime) else "-",
    }
    return "".join(f"{name}: {value}\n" for name, value in facts.items())


def _certificates_of(content_info: bytes) -> dict[bytes, asn1_x509.Certificate]:
    signed = cms.ContentInfo.load(content_info)["content"]
    return {
        one.chosen.dump(): one.chosen for one in signed["certificates"] or () if one.name == "certificate"
    }


def _is_below(certificate: asn1_x509.Certificate, roots: Sequence[bytes], material: Material) -> bool:
    """Whether a chain of names leads from a certificate to one of our roots; openssl judges the rest."""
    issuers = {one.subject.dump(): one for one in material.certificates.values()}
    ours = {asn1_x509.Certificate.load(root).subject.dump() for root in roots}
    current: asn1_x509.Certificate | None = certificate
    for _ in range(5):
        if current is None:
            return False
        name = current.issuer.dump()
        if name in ours:
            return True
        current = issuers.get(name)
    return False


def _is_stamp_below(token: bytes, roots: Sequence[bytes]) -> bool:
    """Whether a time-stamp token was made below one of our roots, or one that we trust."""
    signed = cms.ContentInfo.load(token)["content"]
    serial = signed["signer_infos"][0]["sid"].chosen["serial_number"].native
    carried = Material(certificates=_certificates_of(token))
    signers = [one for one in carried.certificates.values() if one.serial_number == serial]
    return any(_is_below(one, roots, carried) for one in signers)
