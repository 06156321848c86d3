"""What the edge keeps of answers: for how long, and under which key. No HTTP, so that tasks may know it."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from core.models import IdempotencyKey
from core.rotation import Wrapped

KEPT_FOR: Final = timedelta(hours=24)
PURPOSE: Final = "idempotent answer"
WRAPPED: Final = (Wrapped(IdempotencyKey, "body", lambda _session, _row: PURPOSE),)
"""What a change of the master key wraps anew."""
