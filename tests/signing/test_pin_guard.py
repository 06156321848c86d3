"""Guessing at PINs: counted however many come at once, slowed down, and ended."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from core.addresses import CALLER
from core.clock import FixedClock
from core.database import Database
from core.ids import new_id
from core.models import AuditEntry, Notice
from core.settings import Settings
from signing.custody_models import PinAttempt
from signing.errors import PinBlocked, PinLocked, WrongPin
from signing.pin_guard import FADES_AFTER, FREE_FROM_SOURCE, PinGuard, forget_sources, is_locked
from tests import homes
from tests.builders import PIN, make_company, make_runtime
from tests.office import open_office

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


class Scene:
    """A guard over a person, on a clock that the test moves."""

    def __init__(self, database: Database, person: object, clock: FixedClock, home: Path) -> None:
        self.database = database
        self.person = person
        self.clock = clock
        self.guard = PinGuard(database, clock, Settings(home=home))

    def wrong(self) -> int:
        self.guard.let_in(self.person)  # type: ignore[arg-type]
        return self.guard.failed(self.person)  # type: ignore[arg-type]


@pytest.fixture
def scene(tmp_path: Path, database_url: str) -> Iterator[Scene]:
    clock = FixedClock(NOW)
    runtime = make_runtime(tmp_path / "home", database_url, clock)
    yield Scene(runtime.database, make_company(runtime).people["head"], clock, tmp_path)
    runtime.database.dispose()


def test_waiting_grows_and_ends_in_a_lock_that_only_a_new_key_opens(scene: Scene) -> None:
    assert [scene.wrong() for _ in range(5)] == [4, 3, 2, 1, 0]
    waits = []
    for _ in range(10):
        with pytest.raises(PinBlocked) as blocked:
            scene.guard.let_in(scene.person)  # type: ignore[arg-type]
        waits.append(int(str(blocked.value.context["wait_seconds"])))
        scene.clock.advance(timedelta(seconds=waits[-1]))
        scene.wrong()
    assert waits == sorted(waits) and waits[0] == 31 and waits[-1] > 1700
    scene.clock.advance(timedelta(days=400))
    with pytest.raises(PinLocked):
        scene.guard.let_in(scene.person)  # type: ignore[arg-type]
    with scene.database.read() as session:
        assert is_locked(session, scene.person)  # type: ignore[arg-type]
        codes = session.scalars(select(Notice.code).order_by(Notice.at)).all()
        acts = session.scalars(select(AuditEntry.action)).all()
    assert codes == ["pin-wrong-often", "pin-locked"]
    assert acts.count("credential.pin_wrong") == 15 and acts.count("credential.locked") == 1


def test_a_hundred_tries_at_once_are_counted_before_they_are_judged(scene: Scene) -> None:
    judged, refused, begin = [], [], threading.Barrier(40)

    def attempt() -> None:
        begin.wait()
        try:
            judged.append(scene.wrong())
        except PinBlocked:
            refused.append(1)

    threads = [threading.Thread(target=attempt) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(judged) == 5 and len(refused) == 35
    with scene.database.read() as session:
        row = session.get_one(PinAttempt, f"pin:{scene.person}")
    assert (row.failures, row.running) == (5, 0)


def test_the_right_pin_from_many_requests_at_once_is_never_refused(scene: Scene) -> None:
    problems: list[Exception] = []

    def attempt() -> None:
        try:
            scene.guard.let_in(scene.person)  # type: ignore[arg-type]
            scene.guard.passed(scene.person)  # type: ignore[arg-type]
        except Exception as error:
            problems.append(error)

    threads = [threading.Thread(target=attempt) for _ in range(25)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert problems == []


def test_tries_of_a_process_that_died_count_as_wrong(scene: Scene) -> None:
    for _ in range(5):
        scene.guard.let_in(scene.person)  # type: ignore[arg-type]
    scene.clock.advance(timedelta(minutes=2))
    with pytest.raises(PinBlocked):
        scene.guard.let_in(scene.person)  # type: ignore[arg-type]


def test_one_source_is_slowed_down_over_many_persons_and_others_are_not(scene: Scene) -> None:
    token = CALLER.set("192.0.2.7")
    try:
        for _ in range(FREE_FROM_SOURCE):
            person = new_id()
            scene.guard.let_in(person)
            scene.guard.failed(person)
        with pytest.raises(PinBlocked):
            scene.guard.let_in(scene.person)  # type: ignore[arg-type]
        CALLER.set("192.0.2.8")
        scene.guard.let_in(scene.person)  # type: ignore[arg-type]
        scene.clock.advance(FADES_AFTER + timedelta(hours=1))
        with scene.database.write() as session:
            forget_sources(session, scene.clock.now() - FADES_AFTER)
        with scene.database.read() as session:
            assert session.get(PinAttempt, "pin-from:192.0.2.7") is None
            assert session.get(PinAttempt, f"pin:{scene.person}") is not None
    finally:
        CALLER.reset(token)


def test_the_right_pin_clears_the_count_and_a_blocked_person_is_not_even_judged(tmp_path: Path) -> None:
    clock = FixedClock(homes.TODAY)
    with open_office(tmp_path / "home", clock=clock) as office:
        head = office.company.people["head"]

        def wrong() -> None:
            with pytest.raises(WrongPin):
                office.signing.unlock(head, "907354")

        repeat(4, wrong)
        assert office.signing.unlock(head, PIN).name == "王芳"
        repeat(5, wrong)
        with pytest.raises(PinBlocked):
            office.signing.unlock(head, PIN)
        clock.advance(timedelta(seconds=31))
        assert office.signing.unlock(head, PIN).name == "王芳"


def repeat(times: int, act: Callable[[], None]) -> None:
    for _ in range(times):
        act()
