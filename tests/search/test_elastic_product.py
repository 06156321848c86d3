"""The whole product on an Elasticsearch cluster, also while that is away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from core.models import OutboxJob
from core.tasks import run_pending
from search.index import Query
from search.service import Searcher
from tests.builders import PASSWORD
from tests.elastic_server import ElasticServer
from tests.loopback import Door
from tests.office import Office, contract_pdf, open_office
from vermilion import application

pytestmark = pytest.mark.xdist_group("elasticsearch")


@pytest.fixture
def door(elasticsearch: ElasticServer) -> Iterator[Door]:
    """The way to the server."""
    made = Door(elasticsearch.ports[0])
    yield made
    made.shut()


@pytest.fixture
def elastic_office(
    tmp_path: Path, elasticsearch: ElasticServer, elastic_url: str, door: Door
) -> Iterator[Office]:
    """A company whose index is on the cluster."""
    with open_office(
        tmp_path / "home",
        search_url=elastic_url.replace(str(elasticsearch.ports[0]), str(door.port)),
        search_ca_file=elasticsearch.access.ca_file,
        search_password_file=elasticsearch.access.password_file,
    ) as office:
        office.work_off()
        yield office


def signed_in(office: Office, username: str) -> TestClient:
    client = TestClient(
        application.create(office.runtime), base_url="http://127.0.0.1:8600", follow_redirects=True
    )
    client.headers["accept-language"] = "en"
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/sign-in").text)
    assert token
    answer = client.post(
        "/sign-in",
        data={"username": username, "password": PASSWORD, "next": "/", "csrf_token": token.group(1)},
    )
    assert answer.status_code == 200
    return client


def test_pages_say_that_the_engine_is_away_and_it_catches_up_when_it_is_back(
    elastic_office: Office, door: Door
) -> None:
    office = elastic_office
    searcher = office.runtime.get(Searcher)
    office.upload("staff", contract_pdf("水泵采购合同"), "水泵采购合同.pdf")
    office.work_off()
    client = signed_in(office, "staff")
    assert "水泵" in client.get("/search", params={"q": "采购"}).text
    assert searcher.is_complete()

    door.shut()
    page = client.get("/search", params={"q": "采购"})
    assert page.status_code == 503
    assert "Search is not available" in page.text and "127.0.0.1" not in page.text
    for path in ("/", "/documents", "/register", "/cases"):
        answer = client.get(path)
        assert answer.status_code == 200, path
    assert client.get("/healthz").status_code == 200
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()["parts"]["search"]) == (200, "search-unavailable")
    late = office.upload("staff", contract_pdf("阀门采购合同"), "阀门采购合同.pdf")
    run_pending(office.runtime)
    assert client.get(f"/documents/{late}").status_code == 200
    with office.runtime.database.read() as session:
        waiting = session.scalars(select(OutboxJob).where(OutboxJob.task == "search.index")).all()
        assert waiting and all(job.failed_at is None for job in waiting)
        assert all("no connection" in str(job.last_error) for job in waiting)

    door.open()
    with office.runtime.database.write() as session:  # their next turn has come
        session.execute(update(OutboxJob).values(run_at=office.runtime.clock.now()))
    office.work_off()
    found = searcher.search(office.principal("staff"), Query(text="采购合同"))
    assert [hit.title for hit in found.hits] == ["阀门采购合同.pdf", "水泵采购合同.pdf"]
    assert client.get("/readyz").json()["parts"]["search"] == "ok"
