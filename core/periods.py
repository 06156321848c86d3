"""Days as people mean them, as instants."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def day_bounds(
    first: date | None, last: date | None, zone: ZoneInfo
) -> tuple[datetime | None, datetime | None]:
    """The instant at which ``first`` begins and the one at which ``last`` is over, in UTC."""
    since = datetime.combine(first, time(0), zone).astimezone(UTC) if first and first > date.min else None
    if last is None or last >= date.max - timedelta(days=2):
        return since, None
    return since, datetime.combine(last + timedelta(days=1), time(0), zone).astimezone(UTC)
