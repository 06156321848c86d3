"""The retention schedule 保管期限表: how long a class of cases is kept, and from when.

Sources: 会计档案管理办法 art. 14 (vouchers 30 years, from the day after the end of the fiscal year);
this product keeps nothing that takes part in an approval for less than five years.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

LEAST_YEARS: Final = 5


@dataclass(frozen=True)
class Rule:
    """A class and its years; ``years`` None is permanent."""

    retention_class: str
    years: int | None
    source: str


SCHEDULE: Final = {
    rule.retention_class: rule
    for rule in (
        Rule("accounting_voucher", 30, "会计档案管理办法 art. 14"),
        Rule("contract", 10, "ten years after the fiscal year of completion"),
        Rule("seal_request", 10, "ten years after the fiscal year of completion"),
        Rule("general", LEAST_YEARS, "the least for process data"),
    )
}


LONGEST_YEARS: Final = max(rule.years for rule in SCHEDULE.values() if rule.years is not None)


@dataclass(frozen=True)
class Term:
    """The keeping period of one case: from ``starts_on`` until the day before ``keep_until``."""

    rule: Rule
    starts_on: date
    keep_until: date | None


def rule_for(retention_class: str) -> Rule:
    """The rule of a class.

    What the schedule does not know is kept as long as its longest class, so that a misspelt name in a
    flow never shortens a period.
    """
    known = SCHEDULE.get(retention_class)
    if known is not None:
        return known
    return Rule(retention_class, LONGEST_YEARS, "not in the schedule: as long as its longest class")


def term(retention_class: str, finished_on: date) -> Term:
    """The keeping period of a case that ended on a day of the organisation's zone.

    It begins on the day after the fiscal year (the calendar year, 会计法 art. 11) of that day.
    """
    rule = rule_for(retention_class)
    starts_on = date(finished_on.year + 1, 1, 1)
    if rule.years is None:
        return Term(rule, starts_on, None)
    return Term(rule, starts_on, date(starts_on.year + max(rule.years, LEAST_YEARS), 1, 1))
