"""The sandbox: a parser that crashes, hangs or eats memory costs one file and one worker."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.errors import FileBroken, FileRefused, ParserFailed
from ingest.sandbox import Sandbox
from tests.ingest import samples
from tests.ingest.conftest import Desk


@pytest.fixture
def own() -> Iterator[Sandbox]:
    """A sandbox that the test may break."""
    made = Sandbox(workers=1)
    yield made
    made.close()


@pytest.fixture
def pdf(tmp_path: Path) -> Path:
    path = tmp_path / "some.pdf"
    path.write_bytes(samples.typeset())
    return path


def worker_ids(sandbox: Sandbox) -> list[int]:
    return [worker.process.pid for worker in sandbox._idle]


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_no_worker_runs_before_there_is_work(own: Sandbox) -> None:
    assert worker_ids(own) == []


def test_worker_is_used_again_for_the_next_file(own: Sandbox, pdf: Path) -> None:
    own.run("inspect", pdf)
    first = worker_ids(own)
    own.run("inspect", pdf)
    assert worker_ids(own) == first


def test_idle_worker_ends_by_itself(pdf: Path) -> None:
    sandbox = Sandbox(workers=1, idle_seconds=0.2)
    try:
        sandbox.run("inspect", pdf)
        (pid,) = worker_ids(sandbox)
        deadline = time.monotonic() + 10
        while is_running(pid) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not is_running(pid)
    finally:
        sandbox.close()


def test_worker_sees_no_secret_of_the_server(
    own: Sandbox, pdf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VERMILION_OBJECTS_URL", "s3://key:secret@host/bucket")
    own.run("inspect", pdf)
    environment = Path(f"/proc/{worker_ids(own)[0]}/environ").read_bytes().decode()
    assert "secret" not in environment
    assert {entry.split("=")[0] for entry in environment.split("\0") if entry} == {
        "PATH",
        "LANG",
        "PYTHONPATH",
        "OPENBLAS_NUM_THREADS",
    }


def test_worker_has_limits_on_memory_time_and_output(own: Sandbox, pdf: Path) -> None:
    own.run("inspect", pdf)
    limits = Path(f"/proc/{worker_ids(own)[0]}/limits").read_text()
    for name in ("Max address space", "Max cpu time", "Max file size"):
        line = next(line for line in limits.splitlines() if line.startswith(name))
        assert "unlimited" not in line


def test_worker_that_hangs_is_killed_in_time_and_replaced(own: Sandbox, pdf: Path) -> None:
    own.run("inspect", pdf)
    (pid,) = worker_ids(own)
    os.kill(pid, signal.SIGSTOP)
    began = time.monotonic()
    with pytest.raises(ParserFailed) as caught:
        own.run("inspect", pdf, seconds=1)
    assert caught.value.context["reason"] == "time"
    assert time.monotonic() - began < 5
    assert not is_running(pid)
    assert own.run("inspect", pdf)["pages"] == 2


def test_worker_that_crashes_in_the_middle_costs_one_file(own: Sandbox, pdf: Path) -> None:
    own.run("inspect", pdf)
    (pid,) = worker_ids(own)
    os.kill(pid, signal.SIGSTOP)
    threading.Timer(0.3, os.kill, (pid, signal.SIGKILL)).start()
    with pytest.raises(ParserFailed) as caught:
        own.run("inspect", pdf, seconds=20)
    assert caught.value.context["reason"] == "crash"
    assert own.run("inspect", pdf)["pages"] == 2


def test_many_threads_share_few_workers(pdf: Path) -> None:
    sandbox = Sandbox(workers=2)
    answers: list[int] = []
    try:
        threads = [
            threading.Thread(target=lambda: answers.append(sandbox.run("inspect", pdf)["pages"]))
            for _ in range(12)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == [2] * 12
        assert len(worker_ids(sandbox)) <= 2
    finally:
        sandbox.close()


def test_missing_file_is_an_error_of_that_file(own: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(FileRefused):
        own.run("inspect", tmp_path / "nothing.pdf")


def test_image_bomb_is_refused_before_it_is_decoded(own: Sandbox, tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.png"
    bomb.write_bytes(samples.image_bomb())
    began = time.monotonic()
    with pytest.raises(FileRefused) as caught:
        own.run("check", bomb, media_type="image/png", most_pages=10)
    assert caught.value.code == "image-too-large"
    assert time.monotonic() - began < 5


@pytest.mark.slow
def test_page_that_unpacks_to_gigabytes_does_not_take_the_server_along(own: Sandbox, tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.pdf"
    bomb.write_bytes(samples.content_bomb())
    assert bomb.stat().st_size < 20 * 1024**2
    for operation, options in (
        ("inspect", {}),
        ("picture", {"page": 1, "width": 160, "target": str(tmp_path / "page.png")}),
        ("text", {}),
    ):
        try:
            own.run(operation, bomb, seconds=15, **options)
        except FileRefused as error:
            assert isinstance(error, ParserFailed | FileBroken)
    sound = tmp_path / "sound.pdf"
    sound.write_bytes(samples.typeset())
    assert own.run("inspect", sound)["pages"] == 2


def test_unknown_page_has_no_picture(desk: Desk) -> None:
    received = desk.receive(samples.typeset())
    with pytest.raises(FileRefused):
        desk.ingest.page_picture(received.digest, 9, 400)
