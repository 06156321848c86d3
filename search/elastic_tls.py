"""Whether a port speaks TLS: what tells a wrong scheme in a setting from a cluster that is away."""

from __future__ import annotations

import socket
import ssl
from typing import Final

from search.elastic_address import Address

_PATIENCE: Final = 3.0  # seconds


def answering(address: Address) -> tuple[str, bool] | None:
    """The first host that answers, and whether it speaks TLS; None where none does."""
    for host, port in address.hosts:
        is_tls = speaks_tls(host, port)
        if is_tls is not None:
            return f"{host}:{port}", is_tls
    return None


def scheme_trouble(place: str, is_tls: bool) -> str:
    """What to do about a scheme that is not the one that is spoken."""
    right, wrong = ("https", "http") if is_tls else ("http", "https")
    spoken = "TLS" if is_tls else "no TLS"
    return f"{place} speaks {spoken}: write elasticsearch+{right}:// in place of elasticsearch+{wrong}://"


def speaks_tls(host: str, port: int) -> bool | None:
    """Whether a handshake comes about, whatever the certificate says; None where nobody answers it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False  # nothing is sent, and nothing that comes back is believed
    context.verify_mode = ssl.CERT_NONE
    try:
        with socket.create_connection((host, port), _PATIENCE) as connection:
            context.wrap_socket(connection, server_hostname=host).close()
    except (
        ssl.SSLEOFError,
        ssl.SSLZeroReturnError,
    ):  # the connection was closed, as by a proxy without a server
        return None
    except ssl.SSLError:
        return False
    except OSError:
        return None
    return True
