"""What only an index on a cluster has: yearly indices, aliases, rebuilds by several processes, the door."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import structlog
from elastic_transport import Transport
from elasticsearch import Elasticsearch

from core.errors import SettingUnusable
from core.ids import new_id
from search import elastic_bulk, elastic_index
from search.elastic_address import Access
from search.elastic_index import ElasticIndex
from search.elastic_mapping import mappings, year_of_id
from search.elastic_state import Generations, State
from search.errors import RebuildSuperseded, RecordRefused, SearchUnavailable
from search.index import Lookup
from search.opening import open_index
from tests.elastic_server import PASSWORD, USER, ElasticServer, client_of
from tests.loopback import Door, certificate
from tests.search.asking import clauses
from tests.search.test_index import EVERYTHING, START, make

pytestmark = pytest.mark.xdist_group("elasticsearch")

Opened = Callable[[], ElasticIndex]


@pytest.fixture
def opened(elasticsearch: ElasticServer, elastic_url: str) -> Iterator[Opened]:
    """Opens the same empty index, as each process would."""
    made: list[ElasticIndex] = []

    def open_it() -> ElasticIndex:
        index = open_index(elastic_url, elasticsearch.access)
        assert isinstance(index, ElasticIndex)
        made.append(index)
        return index

    yield open_it
    for index in made:
        index.close()


@pytest.fixture
def client(elasticsearch: ElasticServer) -> Iterator[Elasticsearch]:
    with client_of(elasticsearch) as made:
        yield made


def prefix_of(url: str) -> str:
    return url.rpartition("/")[2]


def id_of(year: int) -> UUID:
    """An id made in the middle of a year."""
    milliseconds = int(datetime(year, 7, 1, tzinfo=UTC).timestamp() * 1000)
    return UUID(int=(milliseconds << 80) | (new_id().int & (2**80 - 1)))


def test_the_year_of_a_thing_is_the_one_its_id_was_made_in() -> None:
    first = UUID(int=(1_735_689_600_000 << 80) | (new_id().int & (2**80 - 1)))  # 2025-01-01T00:00:00Z
    assert year_of_id(first) == "2025"
    assert year_of_id(UUID(int=first.int - (1 << 80))) == "2024"
    assert [year_of_id(each) for each in (uuid4(), UUID(int=5), UUID(int=2**128 - 1))] == ["other"] * 3
    assert year_of_id(UUID(int=first.int | (2**47 << 80))) == "other"


def test_each_year_has_an_index_of_its_own_and_all_are_searched_through_one_alias(
    opened: Opened, client: Elasticsearch, elastic_url: str
) -> None:
    index = opened()
    records = [make(f"合同{n}", id=made) for n, made in enumerate((id_of(2024), id_of(2025), uuid4()))]
    index.apply(records)
    moved = replace(records[0], date=START + timedelta(days=900))
    index.apply([moved])
    assert index.count() == 3
    assert index.search(EVERYTHING).keys[0] == moved.key
    alias = index._generations.live_alias
    years = {name.rpartition("-")[2] for name in client.indices.get_alias(name=alias)}
    assert years >= {"2024", "2025", "other"}
    index.apply([], [record.key for record in records])
    assert index.count() == 0


def test_fields_are_those_that_are_declared_and_nothing_can_be_read_back(
    opened: Opened, client: Elasticsearch, elastic_url: str
) -> None:
    index = opened()
    index.apply([make("机密合同", id=id_of(2025))])
    alias = index._generations.live_alias
    for name, told in client.indices.get_mapping(index=alias).items():
        assert told["mappings"]["dynamic"] == "strict", name
        assert set(told["mappings"]["properties"]) == set(mappings()["properties"])
    (template,) = client.indices.get_index_template(name=f"{prefix_of(elastic_url)}-*")["index_templates"]
    assert template["index_template"]["allow_auto_create"] is False
    assert "_source" not in client.search(index=alias)["hits"]["hits"][0]


def test_a_beginning_longer_than_those_that_are_indexed_misses_nothing(opened: Opened) -> None:
    index = opened()
    index.apply([make("发票", texts=(f"号 24412000{n:06d}",)) for n in range(120)])
    for text, total in (("号 244120000", 120), ("244120000", 120), ("号2441", 120), ("号 244120000000", 100)):
        found = index.search(replace(EVERYTHING, clauses=clauses(text), limit=1))
        assert found.total == total, text


def test_values_of_any_length_are_taken(opened: Opened) -> None:
    index = opened()
    long = "长" * 20_000  # 60,000 bytes; Lucene takes 32,766 as one term
    index.apply([make(long, number=long, counterparty=long, other_numbers=("a" * 70_000,))])
    assert index.search(replace(EVERYTHING, clauses=clauses("长长长"))).total == 1
    assert index.search(replace(EVERYTHING, counterparty=long)).total == 1


# rebuilding


def test_a_rebuild_is_refused_once_another_has_begun_or_the_index_was_replaced(opened: Opened) -> None:
    one, other = opened(), opened()
    first = one.begin_rebuild()
    second = other.begin_rebuild()
    for act in (lambda: one.apply_rebuilt(first, [make("甲")]), lambda: one.finish_rebuild(first)):
        with pytest.raises(RebuildSuperseded):
            act()
    other.apply_rebuilt(second, [make("乙")])
    other.finish_rebuild(second)
    assert (one.count(), one.is_complete()) == (1, True)
    with pytest.raises(RebuildSuperseded):
        other.finish_rebuild(second)


def test_an_index_that_was_never_filled_is_filled_where_it_lies(
    opened: Opened, client: Elasticsearch, elastic_url: str
) -> None:
    """A filling that was left off is begun anew beside it, and what it did stays to be found."""
    index, other = opened(), opened()

    def generations() -> set[str]:
        return {name.split("-")[-2] for name in client.indices.get(index=f"{prefix_of(elastic_url)}-*")}

    records = [make(f"合同{n}", id=id_of(2020 + n)) for n in range(3)]
    first = index.begin_rebuild()
    index.apply_rebuilt(first, records[:2])
    other.apply(records[2:], [records[0].key])
    assert (other.count(), other.is_complete(), generations()) == (2, False, {first})
    second = other.begin_rebuild()
    assert (other.count(), generations()) == (2, {first, second})
    for act in (lambda: index.apply_rebuilt(first, records), lambda: index.finish_rebuild(first)):
        with pytest.raises(RebuildSuperseded):
            act()
    third = index.begin_rebuild()  # the one in use is not taken away with the one that was given up
    assert (other.count(), generations()) == (2, {first, third})
    index.apply_rebuilt(third, records[1:])
    index.finish_rebuild(third)
    assert (other.count(), other.is_complete(), generations()) == (2, True, {third})


def test_the_new_index_takes_the_place_of_the_old_one_in_one_step(
    opened: Opened, client: Elasticsearch, elastic_url: str
) -> None:
    index, reader = opened(), opened()
    records = [make(f"合同{n}", id=id_of(2020 + n % 5)) for n in range(40)]
    index.apply(records)
    counts: set[int] = set()
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            counts.add(reader.count())

    looking = threading.Thread(target=look)
    looking.start()
    try:
        for _ in range(3):
            name = index.begin_rebuild()
            index.apply_rebuilt(name, records)
            index.finish_rebuild(name)
    finally:
        over.set()
        looking.join()
    assert counts == {40}
    left = client.indices.get(index=f"{prefix_of(elastic_url)}-*", features="aliases")
    assert all(
        name in each for each, name in ((each, index._generations.state().live or "?") for each in left)
    )


def test_a_reading_of_all_keys_survives_a_rebuild(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elastic_index, "_AT_ONCE", 10)
    index = opened()
    records = [make(f"合同{n}", date=START + timedelta(minutes=n)) for n in range(35)]
    index.apply(records)
    reading = index.keys(EVERYTHING)
    read = [next(reading) for _ in range(15)]
    name = index.begin_rebuild()
    index.apply_rebuilt(name, records)
    index.finish_rebuild(name)
    assert read + list(reading) == [record.key for record in reversed(records)]


@pytest.mark.parametrize("is_finished", [False, True])
def test_what_is_written_while_a_rebuild_begins_or_ends_is_in_the_new_index(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, is_finished: bool
) -> None:
    """A process looks which indices there are; before it writes, another one changes that."""
    one, other = opened(), opened()
    one.apply([make("已有")])
    real, names = Generations.usable, []

    def overtaken(self: Generations) -> State:
        state = real(self)
        if self is one._generations and not names:
            names.append(other.begin_rebuild())
            if is_finished:
                other.finish_rebuild(names[0])
        return state

    monkeypatch.setattr(Generations, "usable", overtaken)
    late = make("其间新增")
    one.apply([late])
    if not is_finished:
        assert one.count() == 2
        other.finish_rebuild(names[0])
    assert set(other.keys(EVERYTHING)) == {late.key}


def test_processes_that_start_at_once_on_an_empty_cluster_make_one_index(
    elasticsearch: ElasticServer, elastic_prefix: str
) -> None:
    url = elasticsearch.url(elastic_prefix)
    indices = [open_index(url, elasticsearch.access) for _ in range(5)]
    errors: list[BaseException] = []

    def write(index: Any, n: int) -> None:
        try:
            index.apply([make(f"第{n}份")])
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=each) for each in zip(indices, range(5), strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (errors, indices[0].count(), indices[0].is_complete()) == ([], 5, False)
    for index in indices:
        index.close()


def test_an_index_that_was_deleted_by_hand_is_noticed(
    elasticsearch: ElasticServer, elastic_prefix: str, client: Elasticsearch
) -> None:
    index = open_index(elasticsearch.url(elastic_prefix), elasticsearch.access)
    name = index.begin_rebuild()
    index.apply_rebuilt(name, [make("合同")])
    index.finish_rebuild(name)
    assert index.is_complete()
    client.indices.delete(index=f"{elastic_prefix}-*")
    assert (index.is_complete(), index.count(), list(index.keys(EVERYTHING))) == (False, 0, [])
    index.check()
    index.apply([make("新的")])
    assert (index.is_complete(), index.count()) == (False, 1)
    index.close()


@pytest.mark.parametrize("lost", ["2024", "other"])
def test_one_yearly_index_that_was_deleted_by_hand_is_noticed(
    elasticsearch: ElasticServer, elastic_prefix: str, client: Elasticsearch, lost: str
) -> None:
    index = open_index(elasticsearch.url(elastic_prefix), elasticsearch.access)
    records = [make(f"合同{n}", id=made) for n, made in enumerate((id_of(2024), id_of(2025), uuid4()))]
    name = index.begin_rebuild()
    index.apply_rebuilt(name, records)
    index.finish_rebuild(name)
    there = client.indices.get(index=f"{elastic_prefix}-*", features="aliases")
    (deleted,) = [each for each in there if each.endswith(f"-{lost}")]
    client.indices.delete(index=deleted)
    other = open_index(elasticsearch.url(elastic_prefix), elasticsearch.access)
    assert (other.is_complete(), other.count()) == (False, 2)
    other.apply([make("新的", id=id_of(2024)), make("无年份", id=uuid4())])  # its index is there again
    for look in (index, other):
        look.check()
        assert (look.is_complete(), look.count()) == (False, 4)
    again = other.begin_rebuild()
    other.apply_rebuilt(again, records)
    assert not index.is_complete()
    other.finish_rebuild(again)
    assert (index.is_complete(), index.count()) == (True, 3)
    for each in (index, other):
        each.close()


# writing


def test_a_record_larger_than_the_cluster_lets_in_is_refused_alone(opened: Opened) -> None:
    """The test's server takes requests of two megabytes (``http.max_content_length``)."""
    index = opened()
    huge, good = make("太大", pages=("合同" * 500_000,)), [make(f"第{n}份") for n in range(4)]
    with pytest.raises(RecordRefused) as refused:
        index.apply([*good[:2], huge, *good[2:]])
    assert dict(refused.value.refused) == {huge.key: "413 request too large"}
    assert set(index.keys(EVERYTHING)) == {each.key for each in good}


def test_what_the_cluster_may_take_later_is_not_refused(opened: Opened, client: Elasticsearch) -> None:
    """An index that may only be read, as when a disk is full, stops the writing; it costs no record."""
    index = opened()
    record = make("合同")
    index.apply([record])
    alias = index._generations.live_alias
    client.indices.put_settings(index=alias, settings={"index.blocks.write": True})
    with pytest.raises(SearchUnavailable):
        index.apply([make("另一份")])
    client.indices.put_settings(index=alias, settings={"index.blocks.write": None})
    assert list(index.keys(EVERYTHING)) == [record.key]


def test_a_cluster_that_has_no_room_is_given_time(opened: Opened, client: Elasticsearch) -> None:
    """The test's server takes two megabytes at once (``indexing_pressure.memory.limit``)."""

    def rejections() -> int:
        told = client.nodes.stats(metric="indexing_pressure")["nodes"].values()
        return sum(each["indexing_pressure"]["memory"]["total"]["coordinating_rejections"] for each in told)

    before = rejections()
    index = opened()
    errors: list[BaseException] = []

    def write(n: int) -> None:
        try:
            index.apply([make(f"第{n}之{m}", pages=("合同" * 12_000,)) for m in range(12)])
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (errors, index.count()) == ([], 60)
    assert rejections() > before


def test_portions_are_bounded_by_number_and_size(monkeypatch: pytest.MonkeyPatch) -> None:
    actions = [
        (elastic_bulk.Action("i", str(n), {}), b"x" * size) for n, size in enumerate([10] * 5 + [90, 10])
    ]
    assert [len(some) for some in elastic_bulk._portions(actions, 3)] == [3, 3, 1]
    monkeypatch.setattr(elastic_bulk, "MOST_BYTES", 50)
    assert [len(some) for some in elastic_bulk._portions(actions, 100)] == [5, 1, 1]


# the door


def test_every_request_carries_the_number_of_the_page_or_job(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str | None] = []
    real = Transport.perform_request

    def noted(self: Transport, *parts: Any, **more: Any) -> Any:
        seen.append((more.get("headers") or {}).get("x-opaque-id"))
        return real(self, *parts, **more)

    index = opened()
    monkeypatch.setattr(Transport, "perform_request", noted)
    with structlog.contextvars.bound_contextvars(request_id="request-1"):
        index.apply([make("甲")])
        index.search(EVERYTHING)
    assert len(seen) > 3 and set(seen) == {"request-1"}
    seen.clear()
    index.count()
    assert seen[0] and seen[0] != "request-1"


def test_a_wrong_password_or_certificate_is_refused_at_the_start_without_telling_it(
    elasticsearch: ElasticServer, elastic_url: str, tmp_path: Path
) -> None:
    wrong, other = tmp_path / "password", tmp_path / "ca.crt"
    wrong.write_text("hunter-2\n")
    other.write_bytes(certificate().authority)
    access = elasticsearch.access
    for changed, reason in (
        (replace(access, password_file=wrong), "401 security_exception"),
        (replace(access, ca_file=other), "certificate verify failed"),
        (replace(access, ca_file=None), "certificate verify failed"),
    ):
        with pytest.raises(SettingUnusable) as refused:
            open_index(elastic_url, changed)
        assert reason in str(refused.value)
        assert "hunter-2" not in str(refused.value) and PASSWORD not in str(refused.value)


def test_plain_http_to_a_port_with_tls_is_said_at_the_start(
    elasticsearch: ElasticServer, elastic_url: str
) -> None:
    access, port = replace(elasticsearch.access, ca_file=None), elasticsearch.ports[0]
    with pytest.raises(SettingUnusable) as refused:
        open_index(elastic_url.replace("+https", "+http"), access)
    assert refused.value.context["setting"] == "VERMILION_SEARCH_URL"
    reason = str(refused.value.context["reason"])
    assert reason.startswith(f"127.0.0.1:{port} speaks TLS: write elasticsearch+https://")
    assert PASSWORD not in str(refused.value)


def test_a_password_in_the_url_will_do(elasticsearch: ElasticServer, elastic_url: str) -> None:
    from urllib.parse import quote

    url = elastic_url.replace(f"{USER}@", f"{USER}:{quote(PASSWORD, safe='')}@")
    index = open_index(url, Access(ca_file=elasticsearch.access.ca_file))
    assert index.count() == 0
    assert PASSWORD not in repr(index._cluster.address)  # type: ignore[attr-defined]
    index.close()


def test_a_cluster_that_is_away_is_said_to_be_and_used_once_it_is_back(
    elasticsearch: ElasticServer, elastic_url: str
) -> None:
    door = Door(elasticsearch.ports[0])
    door.shut()
    url = elastic_url.replace(str(elasticsearch.ports[0]), str(door.port))
    index = open_index(url, elasticsearch.access)
    acts: tuple[Callable[[], object], ...] = (
        index.count, index.is_complete, index.check, index.begin_rebuild, index.describe,
        lambda: index.search(EVERYTHING), lambda: list(index.keys(EVERYTHING)),
        lambda: index.apply([make("甲")]), lambda: list(index.digests()),
    )  # fmt: skip
    for act in acts:
        with pytest.raises(SearchUnavailable) as away:
            act()
        assert str(away.value.context["reason"]) == f"no connection to 127.0.0.1:{door.port}"
    door.open()
    index.apply([make("甲")])
    door.shut()
    with pytest.raises(SearchUnavailable):
        index.search(EVERYTHING)
    door.open()
    assert index.search(Lookup(access=None, clauses=clauses("甲"))).total == 1
    index.close()
    door.shut()


def test_another_host_answers_where_one_does_not(elasticsearch: ElasticServer, elastic_url: str) -> None:
    door = Door(elasticsearch.ports[0])
    door.shut()
    prefix = prefix_of(elastic_url)
    index = open_index(elasticsearch.url(prefix, (door.port, *elasticsearch.ports)), elasticsearch.access)
    index.apply([make("甲")])
    assert [index.count() for _ in range(4)] == [1] * 4
    index.close()
