"""How times, amounts, sizes and digests are written for a reader."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.dates import format_timedelta

from core.i18n import Language

_RELATIVE_UNTIL = timedelta(days=7)


class Formats:
    """One reader's way of writing: their language, the organisation's zone."""

    def __init__(self, language: Language, zone: ZoneInfo, now: datetime) -> None:
        self._language = language
        self._locale = language.replace("-", "_")
        self._zone = zone
        self._now = now

    def moment(self, value: datetime) -> str:
        """An instant, to the minute, in the organisation's zone."""
        local = value.astimezone(self._zone)
        if self._language == "en":
            return f"{local.day} {local:%b %Y, %H:%M}"
        return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}"

    def day(self, value: date | datetime) -> str:
        """A calendar day."""
        local = value.astimezone(self._zone) if isinstance(value, datetime) else value
        if self._language == "en":
            return f"{local.day} {local:%b %Y}"
        return f"{local.year}年{local.month}月{local.day}日"

    def month(self, value: date) -> str:
        """The month that a day lies in."""
        return f"{value:%b %Y}" if self._language == "en" else f"{value.year}年{value.month}月"

    def ago(self, value: datetime) -> str:
        """How long ago, in words, when that is under a week; else nothing."""
        past = self._now - value
        if past > _RELATIVE_UNTIL or past < timedelta(minutes=-5):
            return ""
        if past < timedelta(minutes=1):
            return "just now" if self._language == "en" else "刚刚"
        return format_timedelta(-past, add_direction=True, locale=self._locale)

    def waiting(self, since: datetime, until: datetime | None = None) -> str:
        """How long something lasted, in words."""
        length = max((until or self._now) - since, timedelta(minutes=1))
        return format_timedelta(length, locale=self._locale, threshold=1.2)

    def iso(self, value: datetime) -> str:
        """For the datetime attribute of ``<time>``."""
        return value.astimezone(self._zone).isoformat(timespec="seconds")

    @staticmethod
    def money(value: Decimal | str) -> str:
        """An amount in yuan with thousands and two decimals; text that is no amount stays as it is."""
        try:
            amount = Decimal(value)
        except ArithmeticError:
            return str(value)
        return f"¥{amount:,.2f}" if amount >= 0 else f"−¥{-amount:,.2f}"

    @staticmethod
    def size(count: int) -> str:
        """Bytes, for people."""
        if count < 1024:
            return f"{count} B"
        if count < 1024 * 1024:
            return f"{count / 1024:.0f} KB"
        return f"{count / (1024 * 1024):.1f} MB"
