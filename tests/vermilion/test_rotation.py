"""Another master key: while the server works, after a kill at any point, and from every store."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

import api
import signing
from core import secrets_given
from core.errors import SettingUnusable
from core.key_stores import EnvironmentStore, load_master_key, open_store
from core.masterkey import EnvelopeUnreadable, MasterKey
from core.rotation import MasterKeyChanging, RotationRuns, alone
from core.settings import Settings
from retention.backups import BackupService
from signing import custody
from signing.custody_models import Pepper
from signing.models import Certificate, Credential, Seal
from signing.peppers import number_in
from signing.verification import verify_pdf
from tests.builders import PIN
from tests.e2e.approver import open_home as reopen
from tests.office import Office, open_office
from vermilion import assembly
from vermilion.commands.master_key import COLUMNS, rotation_of

QUICK = timedelta(milliseconds=50)
ROOT = Path(__file__).parents[2]


def nothing(_done: int, _total: int, _now: str) -> None:
    return


def change(office: Office) -> int:
    rotation = rotation_of(office.runtime)
    with alone(office.runtime.settings):
        rotation.begin()
        return rotation.run(nothing, QUICK).wrapped_anew


def old_key_opens(office: Office, old: MasterKey) -> list[str]:
    """The wrapped secrets that the old key still opens, by table."""
    found = []
    with office.runtime.database.read() as session:
        for column in COLUMNS:
            for row in session.scalars(select(column.model)):
                envelope = getattr(row, column.column)
                if not envelope:
                    continue
                try:
                    old.unwrap(envelope, purpose=column.purpose(session, row))
                    found.append(column.model.__name__)
                except EnvelopeUnreadable:
                    pass
    return found


def test_every_place_that_wraps_is_known_to_the_change_of_the_key() -> None:
    known = {"authority", "certificates", "sealing", "peppers", "idempotency", "second_factor"}
    known |= {"offline_root", "seal_keys"}
    wrapping = set()
    for room in (signing, api):
        for file in Path(room.__path__[0]).rglob("*.py"):
            if re.search(r"master_key\.wrap\(", file.read_text("utf-8")):
                wrapping.add(file.stem)
    others = [
        str(file)
        for room in ("core", "storage", "search", "ingest", "workflow", "retention", "portal", "vermilion")
        for file in (ROOT / room).rglob("*.py")
        if re.search(r"(?:master_key|_key)\.wrap\(", file.read_text("utf-8")) and file.name != "rotation.py"
    ]
    assert wrapping <= known and others == []
    columns = {column.model.__name__ for column in COLUMNS}
    assert columns >= {"Certificate", "CertificateRequest", "Seal", "SealKeyOffer", "Pepper", "SecondFactor"}


def test_all_that_was_wrapped_is_wrapped_anew_and_the_old_key_opens_nothing(
    tmp_path: Path, empty_database_url: str
) -> None:
    home = tmp_path / "home"
    with open_office(home, empty_database_url) as office:
        recovery = office.runtime.master_key.recovery_key()
        old = MasterKey.from_recovery_key(recovery)
        case_id = office.finished_contract()
        assert {"Certificate", "Seal", "Pepper"} <= set(old_key_opens(office, old))
        assert change(office) >= 6
        assert old_key_opens(office, old) == []
        assert office.runtime.master_key.recovery_key() != recovery
        assert MasterKey.load(home).recovery_key() == office.runtime.master_key.recovery_key()  # type: ignore[union-attr]
        assert (home / "master.key").stat().st_mode & 0o777 == 0o600
        assert office.signing.unlock(office.company.people["head"], PIN).name == "王芳"
        office.finished_contract("第二份合同")
        verdict = verify_pdf(office.papers(case_id)["sheet"], office.roots(), datetime.now(UTC))
        assert verdict.outcome == "valid"
    runtime = reopen(home, empty_database_url)  # what is in memory may not be what helps
    try:
        other = Office(runtime, office.company)
        assert other.signing.unlock(office.company.people["gm"], PIN).name == "陈总"
        other.signing.authority.renew_crls(timedelta(0))
    finally:
        assembly.close(runtime)


def test_keys_are_opened_and_lists_published_while_another_process_changes_the_key(
    tmp_path: Path,
) -> None:
    home = tmp_path / "home"
    with open_office(home) as office:
        old = MasterKey.from_recovery_key(office.runtime.master_key.recovery_key())
        head, problems, stop = office.company.people["head"], [], threading.Event()

        def work() -> None:
            while not stop.is_set():
                try:
                    office.signing.unlock(head, PIN)
                    office.signing.authority.renew_crls(timedelta(0))
                    row = office.runtime.master_key.wrap(b"x" * 32, purpose="probe")
                    office.runtime.master_key.unwrap(row, purpose="probe")
                except Exception as error:
                    problems.append(error)

        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for _ in range(2):
            done = subprocess.run(
                [sys.executable, "-m", "vermilion.cli", "master-key", "rotate", "--pause", "0.3"],
                env={**os.environ, "VERMILION_HOME": str(home), "LANG": "C.UTF-8"},
                capture_output=True,
                text=True,
                timeout=120,
                cwd=ROOT,
            )
            assert done.returncode == 0, done.stderr
        shown = re.findall(r"^    ([A-Z2-7-]{50,})$", done.stderr, re.MULTILINE)
        stop.set()
        for thread in threads:
            thread.join(30)
        assert problems == []
        assert len(shown) == 1
        assert shown[0] == office.runtime.master_key.recovery_key()
        assert old_key_opens(office, old) == []
        assert not office.runtime.master_key.is_changing
        office.finished_contract()


@pytest.mark.parametrize(
    "failpoint",
    [
        "rotation.before_key",
        "rotation.key_written",
        "rotation.portion_done",
        "rotation.pass_done",
        "rotation.key_ended",
    ],
)
def test_a_killed_change_goes_on_where_it_was(tmp_path: Path, failpoint: str) -> None:
    home = tmp_path / "home"
    with open_office(home) as office:
        old = MasterKey.from_recovery_key(office.runtime.master_key.recovery_key())
        head = office.company.people["head"]
        command = [sys.executable, "-m", "vermilion.cli", "master-key", "rotate", "--pause", "0"]
        environment = {**os.environ, "VERMILION_HOME": str(home), "LANG": "C.UTF-8"}
        killed = subprocess.run(
            command,
            env={**environment, "VERMILION_FAILPOINT": failpoint},
            capture_output=True,
            text=True,
            timeout=60,
            cwd=ROOT,
        )
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        assert office.signing.unlock(head, PIN).name == "王芳"  # both keys are read in the meantime
        if failpoint in ("rotation.key_written", "rotation.portion_done", "rotation.pass_done"):
            assert office.runtime.master_key.is_changing
            with pytest.raises(MasterKeyChanging):
                office.runtime.get(BackupService).run("full")
        again = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, cwd=ROOT)
        assert again.returncode == 0, again.stderr
        assert old_key_opens(office, old) == []
        assert not office.runtime.master_key.is_changing
        assert office.signing.unlock(head, PIN).name == "王芳"
        office.runtime.get(BackupService).run("full")


def test_two_changes_at_once_are_refused(office: Office) -> None:
    with alone(office.runtime.settings), pytest.raises(RotationRuns), alone(office.runtime.settings):
        pass


def test_an_envelope_moves_to_the_newest_pepper_at_its_owners_next_pin(office: Office) -> None:
    head = office.company.people["head"]

    def number() -> int:
        with office.runtime.database.read() as session:
            envelope = session.scalars(
                select(Credential.envelope).where(Credential.person_id == head, Credential.is_active)
            ).one()
        found = number_in(envelope)
        assert found is not None
        return found

    before = number()
    change(office)
    assert number() == before
    assert office.signing.unlock(head, PIN).name == "王芳"
    assert number() == before + 1
    for username in ("gm", "staff", "legal", "finance", "keeper"):
        office.signing.unlock(office.company.people[username], PIN)
    change(office)
    with office.runtime.database.read() as session:
        kept = session.scalars(select(Pepper.number).order_by(Pepper.number)).all()
    assert kept == [before + 1, before + 2]


def test_envelopes_of_version_1_survive_a_change_of_the_key(office: Office) -> None:
    """As the program before peppers left them: the pepper was derived from the master key itself."""
    head = office.company.people["head"]
    first = office.signing.enrolment.peppers.get(1)
    with office.runtime.database.write() as session:
        row = session.scalars(select(Credential).where(Credential.person_id == head)).one()
        key = custody.open_envelope(row.envelope, PIN, head, office.signing.enrolment.peppers.get)
        row.envelope = custody.seal_envelope(key, PIN, head, first, custody.PinCost(1, 8, 1))
    change(office)
    assert office.signing.unlock(head, PIN).name == "王芳"


def test_neither_the_pin_nor_the_master_key_alone_opens_anything(office: Office) -> None:
    head = office.company.people["head"]
    with office.runtime.database.read() as session:
        envelope = session.scalars(select(Credential.envelope).where(Credential.person_id == head)).one()
        wrapped = session.scalars(select(Pepper)).one()
        keys = session.scalars(select(Certificate.wrapped_key)).all()
        seal = session.scalars(select(Seal.wrapped_key)).one()
    stranger = MasterKey.generate()
    for one in (wrapped.wrapped, seal, *[key for key in keys if key]):
        with pytest.raises(EnvelopeUnreadable):
            stranger.unwrap(one, purpose=f"pepper {wrapped.number}")
    with pytest.raises(custody.PinDoesNotFit):  # the PIN without the pepper
        custody.open_envelope(
            envelope, PIN, head, lambda number: custody.PepperSecret(number, stranger.derive("pin"))
        )
    with pytest.raises(custody.PinDoesNotFit):  # the master key without the PIN
        custody.open_envelope(envelope, "907354", head, office.signing.enrolment.peppers.get)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    secrets_given.forget()
    yield monkeypatch
    secrets_given.forget()


def test_a_key_of_the_environment_is_taken_out_of_it(tmp_path: Path, environment: pytest.MonkeyPatch) -> None:
    key = MasterKey.generate()
    environment.setenv("VERMILION_MASTER_KEY", key.recovery_key())
    settings = Settings(home=tmp_path)
    found = load_master_key(settings)
    assert found is not None and found.recovery_key() == key.recovery_key()
    assert "VERMILION_MASTER_KEY" not in os.environ
    child = subprocess.run([sys.executable, "-c", "import os; print(dict(os.environ))"], capture_output=True)
    assert key.recovery_key().encode() not in child.stdout
    assert key.recovery_key() not in repr(settings) + repr(found) + str(vars(settings))
    assert isinstance(open_store(settings), EnvironmentStore)
    assert not (tmp_path / "master.key").exists()


def test_a_mistyped_key_of_the_environment_is_refused_without_being_quoted(
    tmp_path: Path, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("VERMILION_MASTER_KEY", "ABCDE-FGHIJ")
    with pytest.raises(SettingUnusable) as refused:
        load_master_key(Settings(home=tmp_path))
    assert "ABCDE" not in str(refused.value)


def test_a_key_of_the_environment_is_changed_by_naming_the_previous_one(
    tmp_path: Path, environment: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    with open_office(home) as office:
        old = office.runtime.master_key.recovery_key()
        people = office.company
    (home / "master.key").unlink()
    fresh = MasterKey.generate().recovery_key()
    run = [sys.executable, "-m", "vermilion.cli"]
    base = {**os.environ, "VERMILION_HOME": str(home), "LANG": "C.UTF-8"}
    alone_ = subprocess.run(
        [*run, "master-key", "rotate", "--pause", "0"],
        env={**base, "VERMILION_MASTER_KEY": old},
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
    )
    assert alone_.returncode == 1 and "VERMILION_MASTER_KEY_PREVIOUS" in alone_.stderr
    both = {**base, "VERMILION_MASTER_KEY": fresh, "VERMILION_MASTER_KEY_PREVIOUS": old}
    done = subprocess.run(
        [*run, "master-key", "rotate", "--pause", "0"],
        env=both,
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert fresh not in done.stdout + done.stderr and old not in done.stdout + done.stderr
    environment.setenv("VERMILION_MASTER_KEY", fresh)
    key = load_master_key(Settings(home=home))
    assert key is not None
    runtime = assembly.build(Settings(home=home, log_level="error"), key)
    try:
        other = Office(runtime, people)
        assert other.signing.unlock(people.people["head"], PIN).name == "王芳"
    finally:
        assembly.close(runtime)
