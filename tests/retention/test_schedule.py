"""The retention schedule, by its rules and for any day."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.i18n import LANGUAGES, translator
from retention import errors
from retention.schedule import LEAST_YEARS, SCHEDULE, rule_for, term
from workflow.flows import shipped_flows

DAYS = st.dates(date(2000, 1, 1), date(2300, 12, 31))
CLASSES = st.one_of(st.sampled_from(sorted(SCHEDULE)), st.text(max_size=20))


@pytest.mark.parametrize(
    ("retention_class", "until"),
    [
        ("accounting_voucher", date(2057, 1, 1)),
        ("contract", date(2037, 1, 1)),
        ("seal_request", date(2037, 1, 1)),
        ("general", date(2032, 1, 1)),
    ],
)
def test_each_class_is_kept_for_its_years_after_the_fiscal_year(retention_class: str, until: date) -> None:
    for day in (date(2026, 1, 1), date(2026, 6, 30), date(2026, 12, 31)):
        found = term(retention_class, day)
        assert (found.starts_on, found.keep_until) == (date(2027, 1, 1), until)


def test_a_leap_day_has_its_term() -> None:
    assert term("general", date(2028, 2, 29)).keep_until == date(2034, 1, 1)


@given(day=DAYS, retention_class=CLASSES)
def test_nothing_is_kept_for_less_than_five_years_after_its_fiscal_year(
    day: date, retention_class: str
) -> None:
    found = term(retention_class, day)
    assert found.starts_on > day
    assert found.starts_on == date(day.year + 1, 1, 1)
    assert found.keep_until is None or found.keep_until >= date(found.starts_on.year + LEAST_YEARS, 1, 1)


@given(earlier=DAYS, later=DAYS, retention_class=CLASSES)
def test_what_ended_later_is_never_disposed_of_earlier(
    earlier: date, later: date, retention_class: str
) -> None:
    earlier, later = sorted((earlier, later))
    first, second = term(retention_class, earlier).keep_until, term(retention_class, later).keep_until
    assert first is not None and second is not None and first <= second


@given(name=st.text(max_size=20))
def test_a_class_that_is_not_in_the_schedule_never_shortens_a_period(name: str) -> None:
    if name not in SCHEDULE:
        longest = max(rule.years or 0 for rule in SCHEDULE.values())
        assert rule_for(name).years == longest
        assert rule_for(name).retention_class == name


def test_every_shipped_flow_names_a_class_of_the_schedule() -> None:
    assert {flow.retention_class for flow in shipped_flows()} <= set(SCHEDULE)


def test_every_class_and_every_error_has_a_text_in_every_language() -> None:
    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and kind.__module__ == errors.__name__
    ]
    for language in LANGUAGES:
        for name in SCHEDULE:
            assert translator(language).has(f"retention-class-{name}")
        for kind in kinds:
            context = dict.fromkeys(
                ("name", "needed_by", "member", "revision", "reason", "what", "folder"), "x"
            )
            text = translator(language).error(kind(**context))
            assert not text.startswith("error-") and "{" not in text
