"""The first start: keys and codes shown once, and no way from the demo to a real installation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509

from core.errors import Conflict, SettingUnusable
from core.masterkey import MasterKey
from core.passwords import PasswordTooWeak
from core.runtime import Runtime
from core.settings import Settings
from core.sign_in import SignInService
from core.throttle import TooManyAttempts
from signing.service import SigningService
from tests.builders import FAST_PASSWORDS
from vermilion import assembly, demo, serving
from vermilion.first_start import MasterKeyMissing, SetUp, SetUpCodeWrong, open_home

PASSWORD = "a long enough one"


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    settings = Settings(home=tmp_path / "home")
    opened = open_home(settings)
    made = assembly.build(settings, opened.master_key, passwords=FAST_PASSWORDS)
    yield made
    assembly.close(made)


def test_the_recovery_key_is_shown_once_and_gives_the_master_key(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    first, second = open_home(settings), open_home(settings)
    assert first.recovery_key is not None and second.recovery_key is None
    recovered = MasterKey.from_recovery_key(first.recovery_key)
    assert recovered.derive("x") == second.master_key.derive("x")


def test_a_home_that_lost_its_master_key_is_not_given_a_new_one(tmp_path: Path, runtime: Runtime) -> None:
    (runtime.settings.home / "master.key").unlink()
    with pytest.raises(MasterKeyMissing):
        open_home(runtime.settings)


def test_the_code_makes_an_administrator_once(runtime: Runtime) -> None:
    set_up = runtime.get(SetUp)
    assert set_up.is_needed()
    code = set_up.open()
    with pytest.raises(SetUpCodeWrong):
        set_up.complete("AAAA-AAAA-AAAA", "云杉", "admin", "郑洁", PASSWORD)
    with pytest.raises(PasswordTooWeak):
        set_up.complete(code, "云杉", "admin", "郑洁", "short")
    set_up.complete(f" {code.lower()} ", "云杉科技有限公司", "Admin", "郑洁", PASSWORD)
    assert not set_up.is_needed()
    assert runtime.get(SignInService).sign_in("admin", PASSWORD, "127.0.0.1").token
    with pytest.raises((SetUpCodeWrong, Conflict)):
        set_up.complete(code, "另一家", "second", "某人", PASSWORD)


def test_guessing_the_code_is_slowed_down(runtime: Runtime) -> None:
    set_up = runtime.get(SetUp)
    code = set_up.open()
    for _ in range(5):
        with pytest.raises(SetUpCodeWrong):
            set_up.complete("WRONG", "云杉", "admin", "郑洁", PASSWORD)
    with pytest.raises(TooManyAttempts):
        set_up.complete(code, "云杉", "admin", "郑洁", PASSWORD)


def test_a_demo_does_not_move_into_a_real_installation(runtime: Runtime) -> None:
    set_up = runtime.get(SetUp)
    set_up.complete(set_up.open(), "云杉科技有限公司", "admin", "郑洁", PASSWORD)
    with pytest.raises(demo.NotADemo):
        demo.require_demo_home(runtime.settings)
    with pytest.raises(demo.NotADemo):
        demo.ensure(runtime, lambda *_: None)


@pytest.mark.parametrize("listen", ["0.0.0.0:8600", "192.0.2.7:8600", "vermilion.example:80"])
def test_a_demo_listens_on_loopback_only(listen: str) -> None:
    with pytest.raises(SettingUnusable):
        serving.require_loopback(Settings(listen=listen))


@pytest.mark.parametrize("listen", ["127.0.0.1:8600", "[::1]:8600", "localhost:8600", "unix:/tmp/x"])
def test_loopback_is_what_stays_on_the_machine(listen: str) -> None:
    serving.require_loopback(Settings(listen=listen))


def test_certificates_of_a_demo_say_so(runtime: Runtime) -> None:
    signing = runtime.get(SigningService)
    signing.set_up("演示单位", is_demo=True)
    for name in ("root.crt", "issuing.crt"):
        certificate = x509.load_der_x509_certificate(signing.pki_file(name)[1])
        assert "DEMO" in certificate.subject.rfc4514_string()
