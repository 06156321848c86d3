"""What all pages of the administration share: who may open them, and their tabs."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Depends

from core.errors import Forbidden
from core.models import Role
from portal.frame import SignedInRoute, Visiting

TABS: Final = ("people", "departments", "certificates", "flows", "backups", "health")


def require_administrator(visit: Visiting) -> None:
    """Raise Forbidden unless the reader administers the whole organisation."""
    if not any(
        grant.role is Role.ADMINISTRATOR and grant.entity_id is None and grant.department_id is None
        for grant in visit.person.grants
    ):
        raise Forbidden(needs=Role.ADMINISTRATOR.value)


def admin_pages() -> APIRouter:
    """A router for pages of administrators."""
    return APIRouter(
        route_class=SignedInRoute, include_in_schema=False, dependencies=[Depends(require_administrator)]
    )
