"""Three nodes on loopback, one of which is killed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from elasticsearch import Elasticsearch

from core.errors import SettingUnusable
from search.errors import SearchUnavailable
from search.index import Index, Key
from search.opening import open_index
from tests.elastic_server import ElasticServer, Node, client_of, elastic_cluster
from tests.search.test_index import EVERYTHING, make

pytestmark = [pytest.mark.xdist_group("elasticsearch"), pytest.mark.slow, pytest.mark.timeout(900)]

PREFIX = "vermilion-three"


@pytest.fixture
def cluster() -> Iterator[tuple[ElasticServer, list[Node]]]:
    with elastic_cluster() as running:
        yield running


def test_a_cluster_loses_no_record_and_goes_on_when_a_node_is_killed(
    cluster: tuple[ElasticServer, list[Node]],
) -> None:
    server, nodes = cluster
    with pytest.raises(SettingUnusable, match=r"127.0.0.1:\d+ speaks no TLS: write elasticsearch\+http://"):
        open_index(server.url(PREFIX).replace("+http", "+https"))
    index = open_index(server.url(PREFIX))
    committed: list[Key] = []
    refused: list[SearchUnavailable] = []
    counts: list[int] = []
    over = threading.Event()

    def write(index: Index) -> None:
        """As the outbox does: what did not work is done again."""
        while not over.is_set():
            record = make(f"合同{len(committed)}")
            while not over.is_set():
                try:
                    index.apply([record])
                except SearchUnavailable:
                    time.sleep(0.2)
                    continue
                committed.append(record.key)
                break

    def search(index: Index) -> None:
        while not over.is_set():
            least = len(committed)
            try:
                found = index.search(EVERYTHING).total
            except SearchUnavailable as error:
                refused.append(error)
                continue
            assert found >= least
            counts.append(found)

    index.apply([make("第一份")])
    with client_of(server) as client:
        client.cluster.health(index=f"{PREFIX}-*", wait_for_status="green", timeout="60s")
        victim = _node_of_a_primary(client, nodes)
    threads = [threading.Thread(target=act, args=(index,)) for act in (write, write, search)]
    for thread in threads:
        thread.start()
    try:
        _until(lambda: len(committed) >= 30 and len(counts) >= 10)
        victim.kill()
        at_death, searched = len(committed), len(counts)
        _until(lambda: len(committed) >= at_death + 30 and len(counts) >= searched + 10)
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert refused == []
    assert set(committed) <= set(index.keys(EVERYTHING))
    assert index.count() >= len(committed) + 1
    health = index.describe()
    assert (health["nodes"], health["health"]) != (3, "green")
    index.close()


def _node_of_a_primary(client: Elasticsearch, nodes: list[Node]) -> Node:
    """The node that has the primary shard of a yearly index: the one whose death hurts."""
    shards = client.cat.shards(index=f"{PREFIX}-*-20*", format="json", h="prirep,node")
    name = next(str(shard["node"]) for shard in shards if shard["prirep"] == "p")  # type: ignore[index]
    return next(node for node in nodes if node.settings["node.name"] == name)


def _until(is_so: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)
