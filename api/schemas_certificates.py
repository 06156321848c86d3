"""Shapes of certificates, outside roots, and what waits for a time-stamp."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from api.schemas import EXAMPLE_DIGEST, EXAMPLE_ID, EXAMPLE_TIME, Shape, example
from signing.certificates import Reason, State
from signing.models import CertificateRole, RootPurpose

Note = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]


class CertificateAnswer(Shape):
    """A certificate. `acts` are those that its state allows an administrator."""

    model_config = example(
        {
            "id": EXAMPLE_ID,
            "role": "person",
            "common_name": "王芳",
            "subject": "CN=王芳,O=云杉测试科技有限公司,C=CN",
            "owner": "王芳",
            "serial_number": "5f3a9c",
            "algorithm": "P-256",
            "issuer_id": EXAMPLE_ID,
            "issuer": "Vermilion Issuing CA",
            "is_outside": False,
            "is_in_use": True,
            "state": "active",
            "not_before": EXAMPLE_TIME,
            "not_after": EXAMPLE_TIME,
            "revoked_at": None,
            "revocation_reason": None,
            "held_at": None,
            "acts": ["renew", "suspend", "revoke"],
        }
    )

    id: UUID
    role: CertificateRole
    common_name: str
    subject: str
    owner: str | None = Field(description="Name of the person or the seal whose it is now.")
    serial_number: str = Field(description="Hex, unique for its issuer.")
    algorithm: str
    issuer_id: UUID | None
    issuer: str
    is_outside: bool = Field(description="Imported: another authority issued it, and revokes it.")
    is_in_use: bool = Field(description="Whether signatures are made with it now.")
    state: State
    not_before: datetime
    not_after: datetime
    revoked_at: datetime | None
    revocation_reason: str | None
    held_at: datetime | None
    acts: list[str]


class ActNote(Shape):
    """Why; it stands in the audit trail."""

    model_config = example({"note": "Phone lost, PIN may be known"})

    note: Note


class Revocation(Shape):
    """Why a certificate is revoked: for the list, and in words for the audit trail."""

    model_config = example({"reason": "keyCompromise", "note": "Phone lost, PIN may be known"})

    reason: Reason
    note: Note


class Renewed(Shape):
    """The successor's id."""

    id: UUID = Field(examples=[EXAMPLE_ID])


class NewRoot(Shape):
    """An outside root to trust, as PEM."""

    model_config = example(
        {
            "certificate": "-----BEGIN CERTIFICATE-----\n…\n-----END CERTIFICATE-----\n",
            "purpose": "both",
            "reason": "CFCA signs for our customers",
        }
    )

    certificate: str = Field(max_length=20_000)
    purpose: RootPurpose
    reason: Note


class RootAnswer(Shape):
    """An outside root that is trusted."""

    model_config = example(
        {
            "id": EXAMPLE_ID,
            "subject": "CN=CFCA EV ROOT,O=China Financial Certification Authority,C=CN",
            "digest": EXAMPLE_DIGEST,
            "purpose": "both",
            "reason": "CFCA signs for our customers",
            "not_after": EXAMPLE_TIME,
            "added_at": EXAMPLE_TIME,
        }
    )

    id: UUID
    subject: str
    digest: str = Field(description="SHA-256 of the certificate, hex.")
    purpose: RootPurpose
    reason: str
    not_after: datetime
    added_at: datetime


class WaitingAnswer(Shape):
    """A signed state without a time-stamp, by its digest."""

    model_config = example(
        {
            "digest": EXAMPLE_DIGEST,
            "since": EXAMPLE_TIME,
            "field": "Decision1",
            "reason": "tsa.example.com/tsr: HTTP 503",
            "tries": 3,
        }
    )

    digest: str
    since: datetime
    field: str
    reason: str
    tries: int


class RemarkAnswer(Shape):
    """One thing that was looked at, in the caller's language."""

    model_config = example({"code": "crl-good", "level": "ok", "message": "Revocation lists are current."})

    code: str
    level: str
    message: str


class OfflineRootAnswer(Shape):
    """How it stands with a root that lives offline."""

    model_config = example(
        {
            "is_offline": True,
            "root": EXAMPLE_DIGEST,
            "list_until": EXAMPLE_TIME,
            "open_number": EXAMPLE_ID,
            "open_since": EXAMPLE_TIME,
            "open_wants_issuing": False,
            "is_issuing_due": False,
        }
    )

    is_offline: bool
    root: str | None = Field(description="SHA-256 of its certificate, hex.")
    list_until: datetime | None
    open_number: UUID | None = Field(description="Of the request that waits for its answer.")
    open_since: datetime | None
    open_wants_issuing: bool
    is_issuing_due: bool


class RootRequest(Shape):
    """What the offline root is asked for, beside its next list."""

    model_config = example({"issuing": False, "anew": False})

    issuing: bool = Field(default=False, description="An issuing certificate too, due or not.")
    anew: bool = Field(default=False, description="Give up a request that waits.")


class InstalledAnswer(Shape):
    """What an answer brought."""

    issuing_id: UUID | None = Field(
        examples=[EXAMPLE_ID], description="The new issuing certificate; null where only a list came."
    )


class OutsideListAnswer(Shape):
    """The newest revocation list of an outside authority."""

    model_config = example(
        {
            "id": EXAMPLE_ID,
            "issuer": "CFCA OCA1",
            "this_update": EXAMPLE_TIME,
            "next_update": EXAMPLE_TIME,
            "source": "https://crl.example.com/oca1.crl",
            "added_at": EXAMPLE_TIME,
        }
    )

    id: UUID
    issuer: str
    this_update: datetime
    next_update: datetime
    source: str = Field(description="Where it was fetched; empty: uploaded.")
    added_at: datetime
