"""The running process: settings, clock, database, master key, and the services of every room.

Rooms above core register their service objects by type; whoever needs one asks by type. That keeps
``api``, ``portal`` and the background tasks typed without a module that imports every room.
"""

from __future__ import annotations

from typing import TypeVar, cast

from core.clock import Clock
from core.database import Database
from core.masterkey import MasterKey
from core.settings import Settings

Service = TypeVar("Service")


class Runtime:
    """What a request or a task works with."""

    def __init__(self, settings: Settings, clock: Clock, database: Database, master_key: MasterKey) -> None:
        self.settings = settings
        self.clock = clock
        self.database = database
        self.master_key = master_key
        self._services: dict[type, object] = {}

    def add(self, service: object, *, as_type: type | None = None) -> None:
        """Register a service under its own type, or under the interface it implements."""
        self._services[as_type or type(service)] = service

    def get(self, kind: type[Service]) -> Service:
        """The service of this type. Raises LookupError when the assembly left it out."""
        try:
            return cast(Service, self._services[kind])
        except KeyError:
            raise LookupError(f"{kind.__name__} is not part of this process") from None
