"""The embedded index against damage, power loss, other versions and other processes."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from search import tantivy_folder, tantivy_index
from search.errors import IndexBusy, RebuildSuperseded, SearchUnavailable
from search.index import Lookup
from search.tantivy_index import TantivyIndex
from tests.search.asking import clauses
from tests.search.test_index import EVERYTHING, make

WRITER = """
    import sys
    from pathlib import Path
    from uuid import UUID
    from datetime import UTC, datetime
    from search.index import Record
    from search.tantivy_index import TantivyIndex

    index, n = TantivyIndex(Path(sys.argv[1])), int(sys.argv[2])
    while True:
        for _ in range(5):
            batch = [
                Record("document", UUID(int=n * 10 + i), f"第{n}批", datetime(2026, 3, 1, tzinfo=UTC),
                       texts=("采购合同" * 50,), access=("all",))
                for i in range(10)
            ]
            index.apply(batch)
            n += 1
            print(n, flush=True)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "search"


def in_use(folder: Path) -> Path:
    return folder / str(json.loads((folder / "state.json").read_text())["folder"])


def segment_file(folder: Path, part: str) -> Path:
    return next(in_use(folder).glob(f"*.{part}"))


def flip_a_byte(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 3] ^= 0xFF
    file.write_bytes(data)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "meta_is_rubbish": lambda folder: (in_use(folder) / "meta.json").write_bytes(b"\0{]"),
    "meta_is_missing": lambda folder: (in_use(folder) / "meta.json").unlink(),
    "meta_is_cut": lambda folder: (in_use(folder) / "meta.json").write_bytes(
        (in_use(folder) / "meta.json").read_bytes()[:40]
    ),
    "terms_are_cut": lambda folder: segment_file(folder, "term").write_bytes(b"1234567"),
    "postings_are_missing": lambda folder: segment_file(folder, "idx").unlink(),
    "a_byte_of_the_store_is_wrong": lambda folder: flip_a_byte(segment_file(folder, "store")),
    "a_byte_of_the_positions_is_wrong": lambda folder: flip_a_byte(segment_file(folder, "pos")),
    "a_fast_field_is_empty": lambda folder: segment_file(folder, "fast").write_bytes(b""),
    "the_folder_in_use_is_gone": lambda folder: shutil.rmtree(in_use(folder)),
    "the_state_is_rubbish": lambda folder: (folder / "state.json").write_bytes(b"no"),
    "the_state_is_missing": lambda folder: (folder / "state.json").unlink(),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_index_starts_anew_and_says_that_it_is_incomplete(folder: Path, damage: str) -> None:
    first = TantivyIndex(folder)
    first.apply([make(f"第{n}份采购合同") for n in range(20)])
    first.finish_rebuild(first.begin_rebuild())
    first.apply([make("第二十份采购合同")])
    first.close()
    DAMAGES[damage](folder)
    index = TantivyIndex(folder)
    try:
        index.search(replace(EVERYTHING, clauses=clauses("采购")))
    except SearchUnavailable as error:
        assert error.context["reason"]
    index.check()
    assert not index.is_complete()
    name = index.begin_rebuild()
    index.apply_rebuilt(name, [make("重新来过")])
    index.finish_rebuild(name)
    assert index.is_complete()
    assert index.search(replace(EVERYTHING, clauses=clauses("重新"))).total == 1
    assert [path.name for path in folder.glob("index-*")] == [in_use(folder).name]


def test_an_empty_index_is_filled_where_it_lies_and_only_once(folder: Path) -> None:
    index, other = TantivyIndex(folder), TantivyIndex(folder)
    first = index.begin_rebuild()
    index.apply_rebuilt(first, [make("甲"), make("乙")])
    other.apply([make("其间新增")])
    assert [path.name for path in folder.glob("index-*")] == [first]
    assert (other.count(), other.is_complete()) == (3, False)

    second = other.begin_rebuild()  # the first one is not waited for: what it did may be out of date
    assert second != first
    with pytest.raises(RebuildSuperseded):
        index.apply_rebuilt(first, [make("丙")])
    other.apply_rebuilt(second, [make("丁")])
    other.finish_rebuild(second)
    assert (index.count(), index.is_complete()) == (1, True)
    assert index.begin_rebuild() != second  # whole: the next one goes on beside it


def test_damage_under_an_open_index_is_noticed_and_others_follow_to_the_new_one(folder: Path) -> None:
    writer, reader = TantivyIndex(folder), TantivyIndex(folder)
    writer.apply([make("旧")])
    assert reader.count() == 1
    shutil.rmtree(in_use(folder))
    writer.check()
    writer.apply([make("新"), make("又新")])
    assert (reader.count(), reader.is_complete()) == (2, False)


def test_a_whole_index_that_is_suspected_is_kept(folder: Path) -> None:
    index = TantivyIndex(folder)
    index.apply([make("甲")])
    index.finish_rebuild(index.begin_rebuild())
    index.apply([make("乙")])
    (folder / "suspect").touch()
    index.check()
    assert (index.count(), index.is_complete()) == (1, True)
    assert not (folder / "suspect").exists()


def test_what_a_killed_writer_left_behind_is_no_damage(folder: Path) -> None:
    index = TantivyIndex(folder)
    records = [make(f"第{n}份合同") for n in range(5)]
    index.apply(records)
    index.apply([], [records[0].key])
    index.finish_rebuild(index.begin_rebuild())
    index.apply(records[1:])
    index.apply([], [records[1].key])
    stem = segment_file(folder, "term").stem
    for name in (f"{stem}.999.del", "0123456789abcdef0123456789abcdef.idx"):
        (in_use(folder) / name).write_bytes(b"half")
    other = TantivyIndex(folder)
    other.check()
    assert (other.count(), other.is_complete()) == (3, True)


def test_a_list_of_deletions_that_a_killed_writer_left_behind_stops_no_commit(folder: Path) -> None:
    """A writer killed between the list of deletions and its commit once stopped all writing after it."""
    index = TantivyIndex(folder)
    records = [make(f"第{n}份合同") for n in range(4)]
    index.apply(records)
    said = json.loads((in_use(folder) / "meta.json").read_bytes())
    for segment in said["segments"]:
        stem = segment["segment_id"].replace("-", "")
        for opstamp in range(said["opstamp"] + 1, said["opstamp"] + 40):
            (in_use(folder) / f"{stem}.{opstamp}.del").write_bytes(b"half")

    index.apply([], [records[1].key])

    assert TantivyIndex(folder).search(EVERYTHING).total == 3


def test_a_wrong_byte_among_the_deleted_is_damage(folder: Path) -> None:
    index = TantivyIndex(folder)
    records = [make(f"第{n}份合同") for n in range(5)]
    index.apply(records)
    index.apply([], [records[0].key])
    flip_a_byte(segment_file(folder, "del"))
    other = TantivyIndex(folder)
    other.check()
    assert other.count() == 0


@pytest.mark.parametrize("change", ["format", "tables"])
def test_an_index_of_another_version_is_made_anew(
    folder: Path, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = TantivyIndex(folder)
    old.finish_rebuild(old.begin_rebuild())
    old.apply([make("旧版")])
    if change == "format":
        monkeypatch.setattr(tantivy_folder, "INDEXED_AS", tantivy_folder.INDEXED_AS + 1)
    else:
        monkeypatch.setattr(tantivy_folder.tokens, "fingerprint", lambda: "others")
    index = TantivyIndex(folder)
    assert (index.count(), index.is_complete()) == (0, False)
    index.apply([make("新版")])
    assert (index.count(), index.is_complete()) == (1, False)


def test_a_second_writing_process_waits_and_then_gets_a_clear_error(folder: Path) -> None:
    index = TantivyIndex(folder, patience=0.2)
    index.apply([make("甲")])
    other = textwrap.dedent(
        """
        import sys, time
        from pathlib import Path
        from search.tantivy_folder import IndexFolder

        with IndexFolder(Path(sys.argv[1]), 5).lock():
            print("locked", flush=True)
            time.sleep(60)
        """
    )
    process = subprocess.Popen([sys.executable, "-c", other, str(folder)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        with pytest.raises(IndexBusy) as busy:
            index.apply([make("乙")])
        assert busy.value.context == {"folder": str(folder), "seconds": 0}
        assert index.count() == 1  # reading goes on
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    index.apply([make("乙")])
    assert index.count() == 2


def test_kill_in_mid_write_loses_nothing_that_was_applied(folder: Path) -> None:
    TantivyIndex(folder).check()
    applied = 0
    for attempt in range(5):
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(WRITER), str(folder), str(applied)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        first = process.stdout.readline()
        assert first, "the writer did not start"
        time.sleep(0.11 + 0.17 * attempt)
        process.send_signal(signal.SIGKILL)
        said, _ = process.communicate()
        applied = int((first + said).split()[-1])
        index = TantivyIndex(folder)
        index.check()
        found = index.count()
        # What was under way when the process died may be there, but only as a whole.
        assert found in (applied * 10, applied * 10 + 10)
        index.apply([], [key for key in index.keys(EVERYTHING) if key.id.int >= applied * 10])
        assert index.search(Lookup(clauses=clauses("采购合同"), access=None)).total == applied * 10
        index.close()
    assert applied > 5


def test_a_full_disk_is_an_error_and_the_index_is_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = TantivyIndex(folder)
    index.apply([make("甲")])

    class Full:
        def __getattr__(self, _name: str) -> object:
            def fail(*_args: object) -> None:
                raise ValueError("An IO error occurred: 'No space left on device'")

            return fail

    real = tantivy_index.open_folder
    monkeypatch.setattr(tantivy_index, "open_folder", lambda *_: Full())
    with pytest.raises(SearchUnavailable, match="No space left"):
        index.apply([make("乙")])
    monkeypatch.setattr(tantivy_index, "open_folder", real)
    index.apply([make("乙")])
    assert index.count() == 2
