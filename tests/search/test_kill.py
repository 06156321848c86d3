"""``kill -9`` of who indexes, merges and rebuilds: nothing committed is lost, and nothing is left behind."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from core import tasks
from core.models import OutboxJob
from core.runtime import Runtime
from search.elastic_address import Access
from search.index import Index, Lookup, Query
from search.service import Searcher
from search.tantivy_folder import find_damage
from search.tantivy_index import TantivyIndex
from tests.builders import Company
from tests.elastic_server import ElasticServer, client_of, remove_all
from tests.search import killed
from tests.search.asking import clauses
from tests.search.conftest import ELASTICSEARCH
from tests.search.killed import Moment, Place
from tests.search.rows import Rows

MANY = 14
FOLDER, CLUSTER = "search.tantivy_folder:IndexFolder", "search.elastic_state:Generations"
TANTIVY, ELASTIC = "search.tantivy_index:TantivyIndex", "search.elastic_index:ElasticIndex"

REBUILDING = {
    "tantivy": (
        Moment(f"{FOLDER}.new_subfolder", is_after=True),
        Moment(f"{FOLDER}.save", is_after=True),
        Moment(f"{TANTIVY}.apply_rebuilt", 2),
        Moment("search.tantivy_index:clear_unfinished", 2, is_after=True),
        Moment(f"{TANTIVY}.finish_rebuild"),
        Moment(f"{FOLDER}.save", 2),
    ),
    "elasticsearch": (
        Moment(f"{CLUSTER}._create", is_after=True),
        Moment(f"{CLUSTER}._change", is_after=True),
        Moment(f"{CLUSTER}._create", 2, is_after=True),
        Moment(f"{ELASTIC}.apply_rebuilt", 3),
        Moment("search.elastic_index:write", 2, is_after=True),
        Moment(f"{CLUSTER}.finish"),
    ),
}
SWITCHED = {
    "tantivy": Moment(f"{FOLDER}.save", 2, is_after=True),
    "elasticsearch": Moment(f"{CLUSTER}.finish", is_after=True),
}


@dataclass
class Scene:
    """A company whose things are in a complete index, and a way to see what the engine keeps."""

    company: Company
    place: Place
    searcher: Searcher
    index: Index
    rows: Rows
    kept: Callable[[], set[str]]
    """Names of the folders or generations that there are."""

    def add(self, many: int, word: str) -> None:
        with self.company.runtime.database.write() as session:
            for n in range(many):
                self.rows.add_document(session, f"{word}{n}", pages=[f"第{n}份{word}的正文" * 20])

    def count(self, word: str) -> int:
        query = Query(text=f"title:{word}", facets=False)
        return self.searcher.search(self.company.principal("admin"), query).total

    def catch_up(self) -> None:
        """As after a restart: leases run out, and what waits is done."""
        runtime = self.company.runtime
        with runtime.database.write() as session:
            session.execute(update(OutboxJob).values(owner=None, lease_until=None))
        tasks.run_pending(runtime)
        with runtime.database.read() as session:
            assert session.scalar(select(func.count()).select_from(OutboxJob)) == 0


@pytest.fixture(params=["tantivy", ELASTICSEARCH])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def scene(
    engine: str, request: pytest.FixtureRequest, tmp_path: Path, company: Company, runtime: Runtime
) -> Iterator[Scene]:
    home = runtime.settings.home
    if engine == "tantivy":
        folder = tmp_path / "search"
        place = Place(home, f"tantivy:{folder}", Access())

        def kept() -> set[str]:
            return {path.name for path in folder.glob("index-*")}
    else:
        server: ElasticServer = request.getfixturevalue("elasticsearch")
        prefix = request.getfixturevalue("elastic_prefix")
        place = Place(home, server.url(prefix), server.access)

        def kept() -> set[str]:
            with client_of(server) as client:
                return {name.split("-")[-2] for name in client.indices.get(index=f"{prefix}-*")}

    opened, searcher, index = place.open()
    company.runtime.add(searcher)
    made = Scene(company, place, searcher, index, Rows(company), kept)
    made.add(MANY, "合同")
    tasks.run_pending(company.runtime)
    searcher.reindex()
    yield made
    index.close()
    opened.database.dispose()


@pytest.mark.timeout(600)
def test_a_rebuild_that_is_killed_changes_nothing_and_can_be_run_again(scene: Scene, engine: str) -> None:
    before = scene.kept()
    for round_, moment in enumerate(REBUILDING[engine], start=1):
        assert killed.run(killed.rebuild, scene.place, moment).was_killed, str(moment)
        scene.index.check()
        assert (scene.count("合同"), scene.index.is_complete()) == (MANY, True), str(moment)
        assert before <= scene.kept(), str(moment)
        scene.add(1, f"其间{round_}号")
        scene.catch_up()
        assert scene.count(f"其间{round_}号") == 1, str(moment)
    assert scene.searcher.reindex().count == MANY + len(REBUILDING[engine])
    assert list(scene.searcher.differences()) == []
    assert len(scene.kept()) == 1 and "building" not in scene.index.describe()


def test_a_rebuild_killed_once_the_new_index_is_in_use_is_tidied_up_by_the_next_look(
    scene: Scene, engine: str
) -> None:
    before = scene.kept()
    assert killed.run(killed.rebuild, scene.place, SWITCHED[engine]).was_killed
    assert before < scene.kept()
    _, _, fresh = scene.place.open()
    fresh.check()
    assert len(scene.kept()) == 1 and not scene.kept() & before
    assert (scene.count("合同"), fresh.is_complete()) == (MANY, True)
    assert list(scene.searcher.differences()) == []
    fresh.close()


@pytest.mark.timeout(600)
def test_a_worker_killed_at_any_moment_loses_nothing(scene: Scene, engine: str) -> None:
    write = (
        "search.tantivy_index:TantivyIndex._write" if engine == "tantivy" else "search.elastic_index:write"
    )
    chance = random.Random(7)
    scene.add(MANY, "发票")
    total = MANY
    deaths: list[tuple[Moment | None, float | None]] = [
        (Moment(write), None),
        (Moment(write, is_after=True), None),
        (Moment("core.outbox:finish"), None),
        *((None, chance.uniform(0.0, 0.15)) for _ in range(4)),
    ]
    for moment, after in deaths:
        assert killed.run(killed.work, scene.place, moment, after=after).was_killed or moment is None
        scene.index.check()
        assert scene.index.is_complete()
        if moment is not None:
            scene.add(2, "发票")
            total += 2
    scene.catch_up()
    assert list(scene.searcher.differences()) == []
    assert scene.count("发票") == total


@pytest.mark.timeout(600)
def test_a_rebuild_killed_at_random_while_the_index_is_new_is_done_again_by_itself(scene: Scene) -> None:
    """The index is lost; its rebuild is killed three times before it may end."""
    scene.index.close()
    _lose(scene.place)
    _, searcher, index = scene.place.open()
    scene.company.runtime.add(searcher)
    searcher.check()
    chance = random.Random(11)
    for _ in range(3):
        killed.run(killed.rebuild, scene.place, None, after=chance.uniform(0.0, 0.1))
        index.check()
    scene.catch_up()
    assert index.is_complete() and list(searcher.differences()) == []
    assert len(scene.kept()) == 1
    index.close()


def _lose(place: Place) -> None:
    _, _, folder = place.url.partition("tantivy:")
    if folder:
        (Path(folder) / "state.json").unlink()
        return
    port = int(place.url.rpartition(":")[2].partition("/")[0])
    remove_all(ElasticServer((port,), place.access), place.url.rpartition("/")[2])


def test_killed_in_the_middle_of_a_merge_the_index_is_whole(tmp_path: Path) -> None:
    folder, applied, interrupted = tmp_path / "search", 0, 0
    for delay in (0.002, 0.006, 0.012, 0.02, 0.03):
        death = killed.run(killed.merge, folder, applied, 120, delay)
        assert death.was_killed
        applied = death.said
        interrupted += _stems(folder) > killed.segments(_in_use(folder))
        assert find_damage(_in_use(folder)) is None
        index = TantivyIndex(folder)
        index.check()
        assert index.count() == applied
        found = index.search(Lookup(clauses=clauses("采购合同"), access=None, facets=False))
        assert found.total == applied
        index.close()
    assert interrupted, "no merge was under way at any of the deaths"
    index = TantivyIndex(folder)
    index.apply([killed.record(applied)])
    assert _stems(folder) == killed.segments(_in_use(folder))  # what was left behind is gone
    assert index.count() == applied + 1


def _in_use(folder: Path) -> Path:
    return folder / str(json.loads((folder / "state.json").read_text())["folder"])


def _stems(folder: Path) -> set[str]:
    return {file.name.partition(".")[0] for file in _in_use(folder).glob("*.term")}
