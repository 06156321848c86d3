"""Whose seals the seals of a file are: the lines of the register that its states stand in."""

from __future__ import annotations

import hashlib

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.permissions import Principal
from signing import register
from signing.models import SealRecord
from signing.register import RegisterEntry
from signing.verification.facts import Kind
from signing.verification.verdict import Verdict


def register_entries(
    session: Session, principal: Principal, data: bytes, verdict: Verdict
) -> dict[int, RegisterEntry]:
    """The register's entry for each seal of a file, by the signature's number (from 0).

    Only entries that the person may see; a seal's entry names the digest of the file that it left.
    """
    seals = {
        number: hashlib.sha256(data[: one.end]).hexdigest()
        for number, one in enumerate(verdict.facts.signatures)
        if one.kind is Kind.SEAL and one.intact and one.trusted and one.end
    }
    if not seals:
        return {}
    found = session.execute(
        select(SealRecord.digest_after, SealRecord.id).where(SealRecord.digest_after.in_(set(seals.values())))
    )
    visible: dict[str, RegisterEntry] = {}
    for digest, record_id in found:
        entry = register.entry_or_none(session, principal, record_id)
        if entry is not None and digest is not None:
            visible[digest] = entry
    return {number: visible[digest] for number, digest in seals.items() if digest in visible}
