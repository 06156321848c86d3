"""Tables of storage."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, UtcDateTime


class StoredObject(Base):
    """One object of the store, by its SHA-256.

    The row is written (``references`` 0) before the bytes, so that the collector can never meet
    bytes that somebody is about to refer to. ``collecting`` is set by the collector in a
    transaction of its own before it deletes the bytes.
    """

    __tablename__ = "stored_object"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)
    version_id: Mapped[str | None] = mapped_column(String(200))
    references: Mapped[int] = mapped_column(default=0)
    collecting: Mapped[bool] = mapped_column(default=False)
    reserved_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
