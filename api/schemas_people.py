"""Shapes of people, roles, departments, the caller's own page, and tokens."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from api.schemas import EXAMPLE_ID, EXAMPLE_TIME, Shape, Words, example
from core.models import Role

_ROLE: dict[str, Any] = {
    "id": EXAMPLE_ID,
    "role": "approver",
    "position": "general_manager",
    "entity_id": None,
    "department_id": None,
    "valid_from": "2026-01-01",
    "valid_to": None,
}
_PERSON: dict[str, Any] = {
    "id": EXAMPLE_ID,
    "username": "zhangwei",
    "name": "张伟",
    "email": None,
    "position": "客户经理",
    "department_id": EXAMPLE_ID,
    "manager_id": None,
    "is_active": True,
    "created_at": EXAMPLE_TIME,
}
_DEPARTMENT: dict[str, Any] = {
    "id": EXAMPLE_ID,
    "entity_id": EXAMPLE_ID,
    "parent_id": None,
    "name": "市场部",
    "head_id": EXAMPLE_ID,
}


class RoleAnswer(Shape):
    """A role of a person: since when, until when, where."""

    model_config = example(_ROLE)

    id: UUID
    role: Role
    position: str | None = Field(description="With `approver`: such as `general_manager`.")
    entity_id: UUID | None = Field(description="Null: every legal entity.")
    department_id: UUID | None
    valid_from: date
    valid_to: date | None = Field(description="Last day, inclusive.")


class PersonAnswer(Shape):
    """Somebody who can sign in."""

    model_config = example(_PERSON)

    id: UUID
    username: str
    name: str
    email: str | None
    position: str | None
    department_id: UUID
    manager_id: UUID | None
    is_active: bool
    created_at: datetime


class PersonDetail(PersonAnswer):
    """A person with their roles."""

    model_config = example({**_PERSON, "roles": [_ROLE]})

    roles: list[RoleAnswer]


class NewPerson(Shape):
    """A person to be added. They change the password themselves."""

    model_config = example(
        {
            "username": "zhangwei",
            "name": "张伟",
            "department_id": EXAMPLE_ID,
            "password": "a long first password",
            "position": "客户经理",
        }
    )

    username: Words = Field(min_length=2, max_length=64)
    name: Words = Field(min_length=1, max_length=100)
    department_id: UUID
    password: Words = Field(min_length=1, max_length=200)
    position: Words | None = Field(default=None, max_length=100)
    manager_id: UUID | None = None
    email: Words | None = Field(default=None, max_length=254)
    language: Literal["zh-CN", "en"] | None = None


class NewRole(Shape):
    """A role to be given."""

    model_config = example({"role": "legal", "valid_from": "2026-01-01"})

    role: Role
    valid_from: date
    valid_to: date | None = None
    position: Words | None = Field(default=None, max_length=40)
    entity_id: UUID | None = None
    department_id: UUID | None = None


class LastDay(Shape):
    """When something ends."""

    model_config = example({"last_day": "2026-12-31"})

    last_day: date


class DepartmentAnswer(Shape):
    """A node of the department tree."""

    model_config = example(_DEPARTMENT)

    id: UUID
    entity_id: UUID
    parent_id: UUID | None
    name: str
    head_id: UUID | None


class NewDepartment(Shape):
    """A department to be added."""

    model_config = example({"entity_id": EXAMPLE_ID, "name": "市场部", "parent_id": None})

    entity_id: UUID
    name: Words = Field(min_length=1, max_length=200)
    parent_id: UUID | None = None


class Head(Shape):
    """Who heads a department."""

    model_config = example({"person_id": EXAMPLE_ID})

    person_id: UUID | None


class EntityAnswer(Shape):
    """A company 法人主体."""

    model_config = example(
        {"id": EXAMPLE_ID, "name": "云杉科技有限公司", "social_credit_code": None, "is_active": True}
    )

    id: UUID
    name: str
    social_credit_code: str | None
    is_active: bool


class MeAnswer(Shape):
    """The caller."""

    model_config = example(
        {
            "id": EXAMPLE_ID,
            "username": "zhangwei",
            "name": "张伟",
            "position": "客户经理",
            "department_id": EXAMPLE_ID,
            "entity_id": EXAMPLE_ID,
            "language": None,
            "roles": ["employee"],
            "scopes": ["read", "write"],
            "has_pin": True,
        }
    )

    id: UUID
    username: str
    name: str
    position: str | None
    department_id: UUID
    entity_id: UUID
    language: Literal["zh-CN", "en"] | None
    roles: list[Role]
    scopes: list[str] = Field(description="What this call's token may do of it.")
    has_pin: bool = Field(description="Whether the caller can sign.")


class LanguageChoice(Shape):
    """The caller's language; null for whatever the browser asks for."""

    model_config = example({"language": "zh-CN"})

    language: Literal["zh-CN", "en"] | None


class NewPin(Shape):
    """A first signing PIN."""

    model_config = example({"pin": "284617"})

    pin: Words = Field(min_length=1, max_length=128)


class PinChange(Shape):
    """Another signing PIN for the same key."""

    model_config = example({"old_pin": "284617", "new_pin": "907354"})

    old_pin: Words = Field(min_length=1, max_length=128)
    new_pin: Words = Field(min_length=1, max_length=128)


class PasswordChange(Shape):
    """Another password; all sessions end."""

    model_config = example({"old_password": "correct horse battery", "new_password": "a better one, longer"})

    old_password: Words = Field(min_length=1, max_length=200)
    new_password: Words = Field(min_length=1, max_length=200)


class CertificateAnswer(Shape):
    """The certificate of a key that was made."""

    model_config = example(
        {
            "serial_number": "5f2b8c1e",
            "subject": "Common Name: 张伟",
            "not_before": EXAMPLE_TIME,
            "not_after": "2029-03-02T08:15:30Z",
        }
    )

    serial_number: str
    subject: str
    not_before: datetime
    not_after: datetime


class OfferedKeyAnswer(Shape):
    """A key in a token, as it shows without a PIN. What names a person is from its certificate there."""

    model_config = example(
        {
            "key": "21", "label": "sign", "subject": "张伟", "issuer": "Elsewhere Issuing",
            "not_after": "2029-03-02T08:15:30Z",
        }
    )  # fmt: skip

    key: str = Field(description="What names it when it is taken.")
    label: str
    subject: str | None = Field(description="Null: no certificate lies beside the key.")
    issuer: str | None
    not_after: datetime | None


class SigningTokenAnswer(Shape):
    """A PKCS#11 token that was assigned to the caller, and the keys in it."""

    model_config = example(
        {
            "token": "zhangwei",
            "keys": [
                {
                    "key": "21", "label": "sign", "subject": "张伟", "issuer": "Elsewhere Issuing",
                    "not_after": "2029-03-02T08:15:30Z",
                }
            ],
            "error": None,
        }
    )  # fmt: skip

    token: str = Field(description="Its label.")
    keys: list[OfferedKeyAnswer]
    error: str | None = Field(description="Why its keys cannot be seen, such as `token-away`.")


class SigningTokenLabel(Shape):
    """A PKCS#11 token, by its label."""

    model_config = example({"token": "zhangwei"})

    token: Words = Field(min_length=1, max_length=32)


_TOKEN: dict[str, Any] = {
    "id": EXAMPLE_ID,
    "name": "ERP",
    "scopes": ["read"],
    "created_at": EXAMPLE_TIME,
    "expires_at": None,
    "revoked_at": None,
}


class TokenAnswer(Shape):
    """A bearer token for programs."""

    model_config = example(_TOKEN)

    id: UUID
    name: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class NewTokenAnswer(TokenAnswer):
    """A token that was just made, with its secret, which is shown this once."""

    model_config = example({**_TOKEN, "secret": "vml_Zk3…"})

    secret: str


class NewToken(Shape):
    """A token to be made, with no more scopes than the caller's own."""

    model_config = example({"name": "ERP", "scopes": ["read"], "expires_at": "2027-03-02T08:15:30Z"})

    name: Words = Field(min_length=1, max_length=100)
    scopes: list[Literal["read", "write", "sign", "admin"]] = Field(min_length=1, max_length=4)
    expires_at: datetime | None = None


class NoticeAnswer(Shape):
    """Something that the caller should know of."""

    model_config = example(
        {
            "id": EXAMPLE_ID,
            "code": "override-asked",
            "message": "张伟 asks for an exception for “住宿费.pdf”, whose signature is broken.",
            "resource_type": "document",
            "resource_id": EXAMPLE_ID,
            "at": EXAMPLE_TIME,
        }
    )

    id: UUID
    code: str
    message: str
    resource_type: str = Field(description="What it is about, such as `document`.")
    resource_id: UUID
    at: datetime
