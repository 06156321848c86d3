"""Saved searches: one person's own, watched for what is new to that person."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import notices, tasks
from core.errors import InvalidInput, NotFound
from core.ids import new_id
from core.models import Person
from core.permissions import ResourceType, grant_access
from core.runtime import Runtime
from search import saved
from search.errors import (
    SavedSearchNameTaken,
    SearchTooWide,
    SearchUnavailable,
    StoredQueryUnknown,
    TooManySavedSearches,
)
from search.index import ORDERS, Index, Query
from search.models import SavedSearch
from search.saved import SavedSearches
from search.service import Searcher
from search.stored_query import from_json, to_json
from tests.builders import Company
from tests.search.rows import Rows, make_searcher

NOTHING = Query(text="框架")


@pytest.fixture
def searcher(runtime: Runtime, company: Company, index: Index) -> Searcher:
    made = make_searcher(runtime, index)
    made.reindex()
    return made


@pytest.fixture
def keeper(runtime: Runtime, searcher: Searcher) -> SavedSearches:
    made = SavedSearches(runtime.database, runtime.clock, runtime.settings.zone, searcher)
    runtime.add(made)
    return made


@pytest.fixture
def rows(company: Company) -> Rows:
    return Rows(company)


def add(company: Company, rows: Rows, title: str, owner: str = "staff") -> UUID:
    with company.runtime.database.write() as session:
        made = rows.add_document(session, title, owner=owner)
    tasks.run_pending(company.runtime)
    return made


def told(company: Company, who: str = "staff") -> list[str]:
    with company.runtime.database.read() as session:
        return [one.code for one in notices.unseen(session, company.principal(who))]


def test_a_new_hit_is_told_once_until_the_person_looks(
    company: Company, keeper: SavedSearches, rows: Rows
) -> None:
    staff = company.principal("staff")
    add(company, rows, "框架合同一")
    row = keeper.save(staff, " 框架  合同 ", NOTHING, is_notified=True)
    assert row.name == "框架 合同"
    assert (keeper.check(row.id), told(company)) == (0, [])

    add(company, rows, "李娜的框架", owner="other")  # not for this person
    assert (keeper.check(row.id), told(company)) == (0, [])
    add(company, rows, "框架合同二")
    assert (keeper.check(row.id), keeper.check(row.id)) == (1, 0)
    add(company, rows, "框架合同三")
    assert keeper.check(row.id) == 1
    assert told(company) == ["saved-search-hits"]
    with company.runtime.database.read() as session:
        assert saved.find(session, staff, row.id).new_count == 2

    assert keeper.look(staff, row.id) == NOTHING
    assert told(company) == []
    with company.runtime.database.read() as session:
        assert saved.find(session, staff, row.id).new_count == 0


def test_what_the_person_may_see_only_now_is_new_and_what_they_may_no_longer_see_is_not(
    company: Company, keeper: SavedSearches, searcher: Searcher, rows: Rows
) -> None:
    document = add(company, rows, "李娜的框架", owner="other")
    row = keeper.save(company.principal("staff"), "框架", NOTHING, is_notified=True)
    with company.runtime.database.write() as session:
        grant_access(session, ResourceType.DOCUMENT, document, [f"person:{company.people['staff']}"])
    searcher.reindex()
    assert keeper.check(row.id) == 1
    with company.runtime.database.write() as session:
        session.get_one(Person, company.people["staff"]).is_active = False
    add(company, rows, "框架合同")
    assert keeper.check(row.id) == 0  # who has left is told nothing


def test_nothing_is_concluded_from_an_index_that_is_not_whole(
    company: Company, keeper: SavedSearches, searcher: Searcher, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(company, rows, "框架合同一")
    row = keeper.save(company.principal("staff"), "框架", NOTHING, is_notified=True)
    with monkeypatch.context() as patched:
        patched.setattr(searcher, "is_complete", lambda: False)
        patched.setattr(searcher, "keys", lambda *_: iter(()))
        assert keeper.check(row.id) == 0
    assert keeper.check(row.id) == 0  # what was known is still known


def test_while_the_engine_is_down_a_search_is_kept_and_learns_later_what_it_finds(
    company: Company, keeper: SavedSearches, searcher: Searcher, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(company, rows, "框架合同一")

    def down(*_: object) -> None:
        raise SearchUnavailable(reason="away")

    with monkeypatch.context() as patched:
        patched.setattr(searcher, "keys", down)
        row = keeper.save(company.principal("staff"), "框架", NOTHING, is_notified=True)
        with pytest.raises(SearchUnavailable):
            keeper.check(row.id)
    assert (keeper.check(row.id), told(company)) == (0, [])
    add(company, rows, "框架合同二")
    keeper.ask_for_checks()
    tasks.run_pending(company.runtime)
    assert told(company) == ["saved-search-hits"]


def test_a_search_that_finds_too_much_cannot_be_watched(
    company: Company, keeper: SavedSearches, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saved, "WATCHED", 1)
    staff = company.principal("staff")
    add(company, rows, "框架合同一")
    row = keeper.save(staff, "框架", NOTHING, is_notified=True)
    add(company, rows, "框架合同二")
    assert (keeper.check(row.id), told(company)) == (0, ["saved-search-wide"])
    with company.runtime.database.read() as session:
        assert not saved.find(session, staff, row.id).is_notified
    with pytest.raises(SearchTooWide):
        keeper.change(staff, row.id, is_notified=True)
    with pytest.raises(SearchTooWide):
        keeper.save(staff, "又", NOTHING, is_notified=True)
    keeper.save(staff, "又", NOTHING, is_notified=False)


def test_everybody_has_their_own(
    company: Company, keeper: SavedSearches, monkeypatch: pytest.MonkeyPatch
) -> None:
    staff, other = company.principal("staff"), company.principal("other")
    row = keeper.save(staff, "框架", NOTHING, is_notified=False)
    keeper.save(other, "框架", NOTHING, is_notified=False)
    with pytest.raises(SavedSearchNameTaken):
        keeper.save(staff, "框架", NOTHING, is_notified=False)
    for name in ("", " ", "长" * 101):
        with pytest.raises(InvalidInput):
            keeper.save(staff, name, NOTHING, is_notified=False)
    for act in (keeper.look, keeper.delete, keeper.change):
        with pytest.raises(NotFound):
            act(other, row.id)
    assert keeper.change(staff, row.id, name="新").name == "新"
    monkeypatch.setattr(saved, "MOST", 1)
    with pytest.raises(TooManySavedSearches):
        keeper.save(staff, "再", NOTHING, is_notified=False)
    keeper.delete(staff, row.id)
    with company.runtime.database.read() as session:
        assert saved.saved_searches(session, staff) == []
        assert len(saved.saved_searches(session, other)) == 1
    assert keeper.check(row.id) == 0


def test_a_search_of_a_newer_program_is_left_alone(company: Company, keeper: SavedSearches) -> None:
    staff = company.principal("staff")
    row = keeper.save(staff, "框架", NOTHING, is_notified=True)
    with company.runtime.database.write() as session:
        session.get_one(SavedSearch, row.id).query = {"version": 9}
    assert keeper.check(row.id) == 0
    with pytest.raises(StoredQueryUnknown):
        keeper.look(staff, row.id)


words = st.none() | st.text(max_size=20)
days = st.none() | st.dates(date(1, 1, 1), date(9999, 12, 31))
ids = st.none() | st.builds(new_id)


@settings(max_examples=40, deadline=None)
@given(
    st.builds(
        Query, text=st.text(max_size=50), kind=words, seal=ids, department=ids, person=ids,
        counterparty=words, state=words, year=words, date_from=days, date_to=days,
        order=st.sampled_from(ORDERS), offset=st.integers(0, 100),
    )
)  # fmt: skip
def test_a_query_is_kept_as_it_is_but_for_the_place_in_the_results(query: Query) -> None:
    assert from_json(to_json(query)) == replace(query, offset=0)
