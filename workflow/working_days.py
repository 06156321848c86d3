"""Working days of mainland China: weekends, public holidays, and weekends that are worked instead.

The calendar of the State Council is in the package ``chinesecalendar`` for the years it knows; for
others only weekends count as free, because nobody knows their holidays yet.
"""

from __future__ import annotations

from datetime import date, timedelta

import chinese_calendar


def is_working_day(day: date) -> bool:
    """Whether people work on a day."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:  # a year that the package does not know
        return day.weekday() < 5


def working_days_after(start: date, end: date, most: int) -> int:
    """How many working days lie after ``start``, up to and including ``end``; at most ``most``.

    A purchase on Friday that is claimed on Monday was one working day ago. Nothing when ``end`` is
    not later.
    """
    count, day = 0, start
    while day < end and count < most:
        day += timedelta(days=1)
        count += is_working_day(day)
    return count
