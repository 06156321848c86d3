"""Where a caller is: on this machine, in the intranet, or outside."""

from __future__ import annotations

import ipaddress
from contextvars import ContextVar

LONGEST: int = 45
"""Characters of the longest textual IPv6 address."""
CALLER: ContextVar[str] = ContextVar("caller", default="")
"""Where the request comes from that is being answered; empty for the command line and background work."""


def believed(direct: str, forwarded: str, trusted_proxies: str) -> str:
    """The caller's address.

    ``forwarded`` is an X-Forwarded-For header. It is believed only from the proxies named in the
    settings, and of it only the part that they wrote: the last address that is none of theirs.
    """
    trusted = {part.strip() for part in trusted_proxies.split(",") if part.strip()}
    if direct not in trusted or not forwarded:
        return direct
    hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
    return next((hop for hop in reversed(hops) if hop not in trusted), direct)[:LONGEST]


def is_loopback(address: str) -> bool:
    """Whether the caller is on this machine."""
    parsed = _parse(address)
    return parsed is not None and parsed.is_loopback


def is_intranet(address: str) -> bool:
    """Whether the caller is on this machine or in a private network (RFC 1918, RFC 4193, link-local)."""
    parsed = _parse(address)
    if parsed is None or parsed.is_unspecified or parsed.is_multicast:
        return False
    return parsed.is_loopback or any(
        parsed in network for network in _PRIVATE if network.version == parsed.version
    )


_PRIVATE = tuple(
    ipaddress.ip_network(network)
    for network in (
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fc00::/7", "fe80::/10",
    )
)  # fmt: skip


def _parse(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        parsed = ipaddress.ip_address(address.split("%")[0])
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return mapped or parsed
