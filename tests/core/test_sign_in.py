"""Sign-in, sessions, tokens, and the slowing down of guesses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from core import people
from core.clock import FixedClock
from core.errors import InvalidInput
from core.models import ApiToken, SignIn
from core.passwords import PasswordTooWeak
from core.sign_in import NotSignedIn, SignInService, WrongPassword, same_token
from core.throttle import TooManyAttempts, wait_after
from tests.builders import PASSWORD, Company, make_company, make_runtime


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 11, 24, 4, tzinfo=UTC))


@pytest.fixture
def company(tmp_path: Path, clock: FixedClock) -> Company:
    return make_company(make_runtime(tmp_path / "home", clock=clock))


@pytest.fixture
def service(company: Company) -> SignInService:
    return company.runtime.get(SignInService)


def test_the_right_password_opens_a_session_that_ends(service: SignInService, clock: FixedClock) -> None:
    signed_in = service.sign_in("Staff", PASSWORD, "127.0.0.1")
    assert service.session(signed_in.token).principal.username == "staff"
    clock.advance(timedelta(hours=12))
    with pytest.raises(NotSignedIn):
        service.session(signed_in.token)


def test_the_database_never_holds_a_session_token(service: SignInService, company: Company) -> None:
    signed_in = service.sign_in("staff", PASSWORD, "127.0.0.1")
    with company.runtime.database.read() as session:
        row = session.scalars(select(SignIn)).one()
    assert signed_in.token not in (row.token_digest, row.csrf_token)


def test_guessing_is_slowed_down_for_name_and_address_known_or_not(
    service: SignInService, clock: FixedClock
) -> None:
    for username in ("staff", "nobody"):
        for _ in range(5):
            with pytest.raises(WrongPassword):
                service.sign_in(username, "wrong password", f"10.0.0.{len(username)}")
        with pytest.raises(TooManyAttempts) as refused:
            service.sign_in(username, PASSWORD, "10.9.9.9")
        assert refused.value.context["wait_seconds"] == 31
    with pytest.raises(TooManyAttempts):
        service.sign_in("other", PASSWORD, "10.0.0.5")
    clock.advance(timedelta(seconds=31))
    service.sign_in("staff", PASSWORD, "10.9.9.9")


def test_the_wait_doubles_and_is_bounded() -> None:
    waits = [wait_after(n).total_seconds() for n in range(20)]
    assert waits[:8] == [0, 0, 0, 0, 0, 30, 60, 120]
    assert waits[-1] == 1800


def test_a_deactivated_person_is_signed_out_at_once(service: SignInService, company: Company) -> None:
    signed_in = service.sign_in("staff", PASSWORD, "127.0.0.1")
    with company.runtime.database.write() as session:
        people.deactivate(session, company.people["staff"], company.runtime.clock.now())
    with pytest.raises(NotSignedIn):
        service.session(signed_in.token)
    with pytest.raises(WrongPassword):
        service.sign_in("staff", PASSWORD, "127.0.0.1")


def test_a_changed_password_ends_all_sessions(service: SignInService, company: Company) -> None:
    signed_in = service.sign_in("staff", PASSWORD, "127.0.0.1")
    person = company.people["staff"]
    with pytest.raises(WrongPassword):
        service.change_password(person, "wrong", "a new password 1")
    with pytest.raises(PasswordTooWeak):
        service.change_password(person, PASSWORD, "aaaaaaaaaaaa")
    service.change_password(person, PASSWORD, "a new password 1")
    with pytest.raises(NotSignedIn):
        service.session(signed_in.token)
    service.sign_in("staff", "a new password 1", "127.0.0.1")


def test_a_token_acts_within_its_scopes_until_it_is_revoked(service: SignInService, company: Company) -> None:
    with company.runtime.database.write() as session:
        row, secret = service.create_token(session, company.people["staff"], "script", ["sign", "read"], None)
        token_id = row.id
    principal, scopes = service.token(secret)
    assert (principal.username, scopes) == ("staff", {"read", "sign"})
    with company.runtime.database.write() as session:
        session.get_one(ApiToken, token_id).revoked_at = company.runtime.clock.now()
    with pytest.raises(NotSignedIn):
        service.token(secret)


def test_a_token_ends_when_it_expires(service: SignInService, company: Company, clock: FixedClock) -> None:
    with company.runtime.database.write() as session:
        _row, secret = service.create_token(
            session, company.people["staff"], "script", ["read"], clock.now() + timedelta(hours=1)
        )
    service.token(secret)
    clock.advance(timedelta(hours=1))
    with pytest.raises(NotSignedIn):
        service.token(secret)


@pytest.mark.parametrize("scopes", [[], ["root"], ["read", "everything"]])
def test_unknown_scopes_are_refused(service: SignInService, company: Company, scopes: list[str]) -> None:
    with pytest.raises(InvalidInput), company.runtime.database.write() as session:
        service.create_token(session, company.people["staff"], "script", scopes, None)


def test_signing_out_ends_the_session(service: SignInService) -> None:
    signed_in = service.sign_in("staff", PASSWORD, "127.0.0.1")
    service.sign_out(signed_in.token)
    with pytest.raises(NotSignedIn):
        service.session(signed_in.token)


def test_tokens_are_compared_whole() -> None:
    assert same_token("abc", "abc") and not same_token("abc", "abd") and not same_token("abc", "ab中")
