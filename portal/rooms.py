"""Every router of the portal, in the order in which addresses are tried."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter

from portal import home, sign_in

ROUTERS: Final[tuple[APIRouter, ...]] = (sign_in.router, home.router)
