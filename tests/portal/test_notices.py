"""Whatever people are told of has a place on their own page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core import notices
from core.ids import new_id
from portal.notices import _PAGES
from signing import seal_life
from tests.api.world import World, make_world
from tests.portal.test_archive_pages import browser
from vermilion import assembly


@pytest.fixture
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = make_world(tmp_path_factory.mktemp("notices"))
    yield made
    assembly.close(made.runtime)


def test_a_change_of_a_seal_that_waits_is_told_at_home(world: World) -> None:
    context = {"seal": "合同专用章", "kind": "suspend", "reason": "盘点"}
    with world.runtime.database.write() as session:
        notices.tell(
            session,
            world.runtime.clock.now(),
            [world.company.people["legal"]],
            "seal-change-asked",
            seal_life.RESOURCE,
            new_id(),
            context,
        )
    home = browser(world, "legal").get("/")
    assert home.status_code == 200
    assert "合同专用章" in home.text and "盘点" in home.text


def test_pages_of_notices_are_addresses_of_the_portal() -> None:
    assert all(address.startswith("/") for address in _PAGES.values())
    assert seal_life.RESOURCE in _PAGES
