"""Notices are for one person each, until seen."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select

from core import notices
from core.errors import NotFound
from core.ids import new_id
from core.models import Notice
from tests.builders import Company


def tell(company: Company, *usernames: str, about: UUID, code: str = "override-asked") -> None:
    with company.runtime.database.write() as session:
        now = company.runtime.clock.now()
        people = [company.people[one] for one in usernames]
        notices.tell(session, now, people, code, "document", about, {"title": "发票.pdf"})


def unseen(company: Company, username: str) -> list[UUID]:
    with company.runtime.database.read() as session:
        principal = company.principal(username)
        found = notices.unseen(session, principal)
        assert notices.count_unseen(session, principal) == len(found)
        return [one.resource_id for one in found]


def test_a_notice_reaches_those_it_is_for_newest_first(company: Company) -> None:
    first, second = new_id(), new_id()
    tell(company, "finance", "gm", about=first)
    tell(company, "finance", about=second)

    assert unseen(company, "finance") == [second, first]
    assert unseen(company, "gm") == [first]
    assert unseen(company, "staff") == []


def test_who_has_not_seen_the_last_one_is_told_nothing_new(company: Company) -> None:
    about = new_id()
    tell(company, "finance", about=about)
    tell(company, "finance", "gm", about=about)
    tell(company, "finance", about=about, code="override-made")

    assert unseen(company, "finance") == [about, about]
    assert unseen(company, "gm") == [about]


def test_what_was_seen_is_not_shown_again_but_told_anew(company: Company) -> None:
    about = new_id()
    tell(company, "finance", about=about)
    with company.runtime.database.write() as session:
        finance = company.principal("finance")
        (notice,) = notices.unseen(session, finance)
        for _ in range(2):
            notices.see(session, company.runtime.clock.now(), finance, notice.id)
    assert unseen(company, "finance") == []

    tell(company, "finance", about=about)

    assert unseen(company, "finance") == [about]


def test_nobody_puts_away_the_notice_of_somebody_else(company: Company) -> None:
    tell(company, "finance", about=new_id())
    with company.runtime.database.write() as session:
        (notice,) = notices.unseen(session, company.principal("finance"))
        with pytest.raises(NotFound):
            notices.see(session, company.runtime.clock.now(), company.principal("staff"), notice.id)
        with pytest.raises(NotFound):
            notices.see(session, company.runtime.clock.now(), company.principal("staff"), new_id())
    assert len(unseen(company, "finance")) == 1


def test_looking_at_a_thing_puts_away_the_readers_own_notices_of_it(company: Company) -> None:
    about, other = new_id(), new_id()
    tell(company, "finance", "gm", about=about)
    tell(company, "finance", about=other)
    finance = company.principal("finance")

    with company.runtime.database.write() as session:
        assert notices.is_told_of(session, finance, "document", about)
        notices.see_all_of(session, company.runtime.clock.now(), finance, "document", about)
        assert not notices.is_told_of(session, finance, "document", about)

    assert unseen(company, "finance") == [other]
    assert unseen(company, "gm") == [about]


def test_a_matter_that_is_closed_is_told_to_nobody_any_more(company: Company) -> None:
    about = new_id()
    tell(company, "finance", "gm", about=about)
    tell(company, "gm", about=about, code="override-made")

    with company.runtime.database.write() as session:
        notices.settle(session, company.runtime.clock.now(), "override-asked", "document", about)

    assert unseen(company, "finance") == []
    assert unseen(company, "gm") == [about]


def test_old_notices_are_forgotten(company: Company) -> None:
    tell(company, "finance", about=new_id())
    now = company.runtime.clock.now()
    for before, left in ((now - timedelta(hours=1), 1), (now + timedelta(hours=1), 0)):
        with company.runtime.database.write() as session:
            notices.forget(session, before)
        with company.runtime.database.read() as session:
            assert session.scalar(select(func.count()).select_from(Notice)) == left
