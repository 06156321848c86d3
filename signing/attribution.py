"""Whose seals the seals of a file are: the lines of the register that its states stand in."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.permissions import Principal
from signing import register
from signing.models import SealRecord
from signing.register import RegisterEntry
from signing.source import Source
from signing.verification.facts import Kind
from signing.verification.verdict import Verdict


def sealed_states(source: Source, verdict: Verdict) -> dict[int, str]:
    """The digest of the file that each good seal left, by the signature's number (from 0).

    Reads the file, so that it belongs outside any transaction.
    """
    return {
        number: source.sha256(one.end)
        for number, one in enumerate(verdict.facts.signatures)
        if one.kind is Kind.SEAL and one.intact and one.trusted and one.end
    }


def register_entries(
    session: Session, principal: Principal, states: Mapping[int, str]
) -> dict[int, RegisterEntry]:
    """The register's entry for each of ``sealed_states``; only entries that the person may see."""
    if not states:
        return {}
    found = session.execute(
        select(SealRecord.digest_after, SealRecord.id).where(
            SealRecord.digest_after.in_(set(states.values()))
        )
    )
    visible: dict[str, RegisterEntry] = {}
    for digest, record_id in found:
        entry = register.entry_or_none(session, principal, record_id)
        if entry is not None and digest is not None:
            visible[digest] = entry
    return {number: visible[digest] for number, digest in states.items() if digest in visible}
