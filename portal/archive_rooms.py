"""Every router of search, register, verify, administration and set-up."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter

from portal import (
    admin_backups,
    admin_certificates,
    admin_departments,
    admin_flows,
    admin_health,
    admin_people,
    outside,
    register,
    register_acts,
    saved_searches,
    seal_applying,
    seal_keys,
    seals,
    search,
    search_exports,
    set_up,
    signing_tokens,
    verifying,
)

ARCHIVE_ROUTERS: Final[tuple[APIRouter, ...]] = (
    search.router,
    saved_searches.router,
    search_exports.router,
    register_acts.router,
    register.router,
    seal_applying.router,
    seals.router,
    seal_keys.router,
    verifying.router,
    admin_people.router,
    signing_tokens.admin_router,
    admin_departments.router,
    outside.admin_router,
    admin_certificates.router,
    admin_flows.router,
    admin_backups.router,
    admin_health.router,
    set_up.router,
)
