"""The web server: the application behind a port or a socket."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import uvicorn

from core.errors import SettingUnusable
from core.runtime import Runtime
from vermilion.application import create


def run(runtime: Runtime, announce: Callable[[], None]) -> None:
    """Serve until a signal comes; ``announce`` is called once the address answers. Raises SettingUnusable."""
    address = runtime.settings.listen_address()
    proxies = [part.strip() for part in runtime.settings.trusted_proxies.split(",") if part.strip()]
    where = {"uds": str(address)} if isinstance(address, Path) else {"host": address[0], "port": address[1]}
    config = uvicorn.Config(
        create(runtime),
        **where,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies,
        timeout_graceful_shutdown=10,
        lifespan="off",
    )
    server = _Server(config, announce)
    server.run()
    if not server.started:
        raise SettingUnusable(
            setting="VERMILION_LISTEN", reason=f"{runtime.settings.listen} is in use or not of this machine"
        )


class _Server(uvicorn.Server):
    """Announces itself once the socket answers."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        try:
            await super().startup(sockets=sockets)  # type: ignore[arg-type]
        except SystemExit:  # uvicorn exits by itself when it cannot bind; the caller says it better
            self.should_exit = True
            return
        if self.started:
            self._announce()
