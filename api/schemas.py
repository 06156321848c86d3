"""Shapes that every part of the API shares."""

from __future__ import annotations

from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Item = TypeVar("Item")
EXAMPLE_ID = "0192f0c1-7c3a-7b1e-9d55-3a2f5a8c1d20"
EXAMPLE_DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
EXAMPLE_TIME = "2026-03-02T08:15:30Z"


def _without_nul(value: object) -> object:
    """No database takes a NUL, and half a surrogate pair is not a character."""
    if isinstance(value, str):
        if "\x00" in value:
            raise ValueError("NUL")
        value.encode("utf-8")
    return value


Words = Annotated[str, BeforeValidator(_without_nul)]
"""Text that can be kept."""


class Shape(BaseModel):
    """The base of all answers and requests: what is not named is refused, not passed over."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)


class FieldProblem(Shape):
    """What is wrong with one field."""

    field: str = Field(description="Path of the member, such as `placements.0.x_mm`.")
    code: str
    detail: str


class Problem(BaseModel):
    """Problem details after RFC 9457. Further members carry facts, such as `wait_seconds`."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(examples=["urn:vermilion:problem:not-found"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(
        description="For people, in their language.", examples=["This does not exist, or you may not see it."]
    )
    code: str = Field(description="Stable, for programs.", examples=["not-found"])
    errors: list[FieldProblem] = Field(default_factory=list)


class Page(Shape, Generic[Item]):
    """A part of a list. `next_cursor` goes into `cursor` for the next one; null at the end."""

    items: list[Item]
    next_cursor: str | None = Field(examples=[None])


class Everything(Shape, Generic[Item]):
    """A whole list that is short by nature."""

    items: list[Item]


class PersonName(Shape):
    """Somebody, by name."""

    id: UUID = Field(examples=[EXAMPLE_ID])
    name: str = Field(examples=["张伟"])


class Done(Shape):
    """It is done."""

    done: bool = Field(default=True, examples=[True])


class Accepted(Shape):
    """It will be done in the background."""

    accepted: bool = Field(default=True, examples=[True])


class Health(Shape):
    """What a probe reads."""

    status: str = Field(examples=["ok"])


class Readiness(Shape):
    """What each part says of itself: `ok`, or why it cannot work."""

    status: str = Field(examples=["ready"])
    parts: dict[str, str] = Field(examples=[{"database": "ok", "objects": "ok", "search": "ok"}])


def example(values: dict[str, Any]) -> ConfigDict:
    """The configuration of a shape with an example."""
    return ConfigDict(extra="forbid", from_attributes=True, json_schema_extra={"examples": [values]})
