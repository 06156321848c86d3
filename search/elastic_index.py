"""The engine on an Elasticsearch cluster. Nothing outside the modules ``elastic_*`` knows of the client."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from search.elastic_address import Address
from search.elastic_bulk import Action, IndexGone, write
from search.elastic_client import WRITING, Cluster
from search.elastic_mapping import document, year_of
from search.elastic_query import EVERYTHING, Json, counted, matching, near, order, searching
from search.elastic_state import Generations, Overtaken, State
from search.errors import RebuildSuperseded, RecordRefused, SearchUnavailable
from search.fields import fields_of, key_text, read_key
from search.index import Found, Key, Lookup, Record
from search.query import Word

_ROUNDS: Final = 8
_AT_ONCE: Final = 2_000
_KEPT: Final = "5m"
"""How long a reading of all keys may pause between two pages."""
_REFRESH_AGAIN: Final = 1.0  # seconds


class ElasticIndex:
    """Yearly indices of a cluster, behind aliases; any number of processes read and write.

    What ``apply`` wrote is refreshed before it returns (``refresh=true``): so it is found at once, by
    every process. A rebuild writes without, and refreshes once at its end.
    """

    def __init__(self, address: Address, setting: str = "VERMILION_SEARCH_URL") -> None:
        """Raises SettingUnusable where the cluster answers and cannot be used; it may be away meanwhile."""
        self._cluster = Cluster(address, setting)
        self._generations = Generations(self._cluster)
        self._refreshed_at = float("-inf")
        self._refreshing = threading.Lock()

    # writing

    def apply(self, records: Sequence[Record], gone: Sequence[Key] = ()) -> None:
        """See ``search.index.Index``."""

        def targets(state: State) -> list[_Target]:
            live = None if state.live is None else _Target(state.live, is_live=True, is_refreshed=True)
            return [each for each in (live, _beside(state)) if each is not None]

        self._write(_Change(records, gone), targets)

    def begin_rebuild(self) -> str:
        """See ``search.index.Index``."""
        return self._generations.begin(lambda: self.count() == 0)

    def apply_rebuilt(self, name: str, records: Sequence[Record], gone: Sequence[Key] = ()) -> None:
        """See ``search.index.Index``. A live index that is written to as well is refreshed now and then."""

        def targets(state: State) -> list[_Target]:
            if state.building != name:
                raise RebuildSuperseded(name=name)
            live = None
            if state.live is not None and not state.is_complete:
                live = _Target(state.live, is_live=True, is_refreshed=self._is_refresh_due())
            return [each for each in (_beside(state), live) if each is not None]

        self._write(_Change(records, gone), targets)

    def finish_rebuild(self, name: str) -> None:
        """See ``search.index.Index``."""
        if self._generations.state().building != name:
            raise RebuildSuperseded(name=name)
        self._cluster.ask(
            lambda client: client.indices.refresh(index=self._generations.index(name, "*")), seconds=WRITING
        )
        try:
            self._generations.finish(name)
        except Overtaken as error:
            state = self._generations.state()
            if state.live != name:  # else an answer was lost, and the request sent again
                raise RebuildSuperseded(name=name) from error
        self._generations.tidy()

    def _is_refresh_due(self) -> bool:
        with self._refreshing:
            now = time.monotonic()
            is_due = now - self._refreshed_at >= _REFRESH_AGAIN
            if is_due:
                self._refreshed_at = now
            return is_due

    def _write(self, change: _Change, targets: Callable[[State], list[_Target]]) -> None:
        """Write to all generations that are to have a change, also those that come up meanwhile.

        The state is looked at again after writing. A rebuild that began before that look is written to
        as well; one that begins after it reads rows that are as new as these.
        """
        done: set[tuple[str, str]] = set()
        for _ in range(_ROUNDS):
            state = self._generations.usable()
            wanted = targets(state)
            missing = [target for target in wanted if change.left(self._generations, state, target, done)]
            if done and not missing:
                break
            try:
                for target in missing or wanted:
                    self._write_to(target, state, change, done)
                if not change.years:
                    break
            except (IndexGone, Overtaken):
                continue
        else:
            raise SearchUnavailable(reason="the index is replaced again and again")
        if change.refused:
            raise RecordRefused(change.refused)

    def _write_to(self, target: _Target, state: State, change: _Change, done: set[tuple[str, str]]) -> None:
        there = state.indices.get(target.generation, frozenset())
        index = {year: self._generations.index(target.generation, year) for year in change.years}
        self._generations.add(
            target.generation,
            target.is_live,
            {index[year] for year in change.filled_years} - there,
        )
        actions = change.actions(index, there)
        refused = write(self._cluster, actions, is_refreshed=target.is_refreshed)
        change.refused |= {read_key(key): reason for key, reason in refused.items()}
        done |= {(target.generation, year) for year in change.years}

    # reading

    def search(self, lookup: Lookup) -> Found:
        """See ``search.index.Index``."""
        if lookup.sees_nothing:
            return Found((), 0, {})
        answer = self._search(searching(lookup))
        keys = tuple(_key_of(hit) for hit in answer["hits"]["hits"])
        total = int(answer["hits"]["total"]["value"])
        if not lookup.facets:
            return Found(keys, total, {})
        if "aggregations" not in answer:  # there is no index yet
            return Found((), 0, {})
        facets, months = counted(answer)
        return Found(keys, total, facets, months)

    def near(self, word: Word, lookup: Lookup, limit: int) -> tuple[Key, ...]:
        """See ``search.index.Index``."""
        query = None if lookup.sees_nothing else near(word, lookup)
        if query is None:
            return ()
        answer = self._search({"query": query, "size": limit})
        return tuple(_key_of(hit) for hit in answer["hits"]["hits"])

    def keys(self, lookup: Lookup) -> Iterator[Key]:
        """See ``search.index.Index``."""
        if lookup.sees_nothing:
            return
        asked = {"query": matching(lookup), "sort": order(lookup, is_ranked=False)}
        for hit in self._all_hits(asked, ["key"]):
            yield _key_of(hit)

    def digests(self) -> Iterator[tuple[Key, str]]:
        """See ``search.index.Index``."""
        asked = {"query": EVERYTHING, "sort": order(Lookup(access=None), is_ranked=False)}
        for hit in self._all_hits(asked, ["key", "digest"]):
            yield _key_of(hit), str(hit["fields"]["digest"][0])

    def count(self) -> int:
        """See ``search.index.Index``."""
        answer = self._search({"query": EVERYTHING, "size": 0, "track_total_hits": True})
        return int(answer["hits"]["total"]["value"])

    def _search(self, asked: Json, fields: Sequence[str] = ("key",)) -> Any:
        """One answer of all shards; a part of them is no answer. Empty where there is no index yet."""
        return self._cluster.ask(
            lambda client: client.search(
                index=self._generations.live_alias,
                ignore_unavailable=True,
                allow_partial_search_results=False,
                stored_fields="_none_",
                docvalue_fields=[{"field": name} for name in fields],
                **_named(asked),
            )
        )

    def _all_hits(self, asked: Json, fields: list[str]) -> Iterator[Json]:
        """All hits in order, page by page, as they were when it began.

        Where a rebuild takes the index away meanwhile, the rest is read from the new one.
        """
        first = self._search({**asked, "size": _AT_ONCE, "track_total_hits": False}, fields)["hits"]["hits"]
        if len(first) < _AT_ONCE:  # one answer is of one moment anyway
            yield from first
            return
        point: str | None = None
        after: list[Any] | None = None
        is_again = False
        try:
            while True:
                if point is None:
                    point = self._point_in_time()
                if point is None:
                    return
                try:
                    answer = self._page(point, asked, fields, after)
                except SearchUnavailable:
                    if is_again:
                        raise
                    is_again, point = True, None
                    continue
                is_again, point = False, str(answer["pit_id"])
                hits = answer["hits"]["hits"]
                yield from hits
                if len(hits) < _AT_ONCE:
                    return
                after = hits[-1]["sort"]
        finally:
            if point is not None:
                self._let_go(point)

    def _point_in_time(self) -> str | None:
        answer = self._cluster.ask(
            lambda client: client.open_point_in_time(index=self._generations.live_alias, keep_alive=_KEPT),
            ignore=(404,),
        )
        return str(answer["id"]) if "id" in answer else None

    def _page(self, point: str, asked: Json, fields: list[str], after: list[Any] | None) -> Any:
        return self._cluster.ask(
            lambda client: client.search(
                pit={"id": point, "keep_alive": _KEPT},
                size=_AT_ONCE,
                allow_partial_search_results=False,
                stored_fields="_none_",
                docvalue_fields=[{"field": name} for name in fields],
                track_total_hits=False,
                search_after=after,
                **asked,
            ),
            seconds=WRITING,
        )

    def _let_go(self, point: str) -> None:
        try:
            self._cluster.ask(lambda client: client.close_point_in_time(id=point), ignore=(404,))
        except SearchUnavailable:
            return  # it goes by itself

    # the state

    def is_complete(self) -> bool:
        """See ``search.index.Index``."""
        return self._generations.state().is_complete

    def check(self) -> None:
        """See ``search.index.Index``. Shards that are missing are the cluster's to bring back.

        What a killed rebuild left behind is taken away.
        """
        self._generations.usable()
        self._generations.tidy()
        health = self._health()
        if health["status"] == "red":
            lost = health["unassigned_primary_shards"]
            raise SearchUnavailable(reason=f"{self._generations.live_alias}: {lost} shards are missing")

    def _health(self) -> Any:
        return self._cluster.ask(lambda client: client.cluster.health(index=self._generations.live_alias))

    def describe(self) -> Mapping[str, str | int]:
        """See ``search.index.Index``."""
        state = self._generations.state()
        told: dict[str, str | int] = {
            "engine": "elasticsearch",
            "version": self._cluster.version(),
            "hosts": self._cluster.address.place,
            "records": 0,
            "bytes": 0,
        }
        if state.live is None:
            return told
        alias = self._generations.live_alias
        stats = self._cluster.ask(lambda client: client.indices.stats(index=alias, metric="store"))
        health = self._health()
        return {
            **told,
            "records": self.count(),
            "bytes": int(stats["_all"]["primaries"]["store"]["size_in_bytes"]),
            "indices": len(state.indices[state.live]),
            "generation": state.live,
            **({} if state.building is None else {"building": state.building}),
            "health": str(health["status"]),
            "nodes": int(health["number_of_nodes"]),
        }

    def close(self) -> None:
        """See ``search.index.Index``."""
        self._cluster.close()


class _Target:
    """A generation that is written to."""

    def __init__(self, generation: str, is_live: bool, is_refreshed: bool) -> None:
        self.generation = generation
        self.is_live = is_live
        self.is_refreshed = is_refreshed


def _beside(state: State) -> _Target | None:
    """The generation that is built beside the live one; None where none is, or the live one is filled."""
    if state.building is None or state.building == state.live:
        return None
    return _Target(state.building, is_live=False, is_refreshed=False)


class _Change:
    """Records and keys by year, as the cluster takes them."""

    def __init__(self, records: Sequence[Record], gone: Sequence[Key]) -> None:
        newest = {record.key: record for record in records}
        self._put = []
        self.refused: dict[Key, str] = {}
        for key, record in newest.items():
            try:
                self._put.append((year_of(key), key_text(key), document(fields_of(record))))
            except (ArithmeticError, ValueError) as error:  # a number beyond what any engine can hold
                self.refused[key] = f"{type(error).__name__}: {error}"
        left = dict.fromkeys(
            key for key in (*gone, *self.refused) if key not in newest or key in self.refused
        )
        self._gone = [(year_of(key), key_text(key)) for key in left]
        self.filled_years = {year for year, _, _ in self._put}
        self.years = self.filled_years | {year for year, _ in self._gone}

    def left(
        self, generations: Generations, state: State, target: _Target, done: set[tuple[str, str]]
    ) -> bool:
        """Whether a generation still lacks the change, or an index that has it stands behind no alias."""
        there = state.indices.get(target.generation, frozenset())
        return any((target.generation, year) not in done for year in self.years) or any(
            generations.index(target.generation, year) not in there for year in self.filled_years
        )

    def actions(self, index: Mapping[str, str], there: frozenset[str]) -> list[Action]:
        """What to do; from an index that is not there nothing need be taken."""
        put = [Action(index[year], key, made) for year, key, made in self._put]
        gone = [Action(index[year], key, None) for year, key in self._gone if index[year] in there]
        return put + gone


def _named(asked: Json) -> Json:
    """A request's body as the client's method names its parts."""
    return {("from_" if name == "from" else name): value for name, value in asked.items()}


def _key_of(hit: Json) -> Key:
    return read_key(str(hit["fields"]["key"][0]))
