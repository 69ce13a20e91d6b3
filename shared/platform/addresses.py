"""Whose address a request comes from, as the prefix that one household or office has: IPv4 /32, IPv6 /64. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

type Network = IPv4Network | IPv6Network
type _Address = IPv4Address | IPv6Address

NOBODY = "unknown"
"""The prefix of callers whose transport has no address, as a socket in a file has none."""
_HOME = 64


def networks(text: str) -> tuple[Network, ...]:
    """`10.0.0.7, 10.1.0.0/16` as networks. Raises ValueError."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def prefix(peer: str, forwarded: Sequence[str], proxies: Sequence[Network]) -> str:
    """The caller's prefix.

    `peer`: who holds the connection; `forwarded`: the values of X-Forwarded-For in their order. They are believed only
    as far as proxies of ours wrote them: read from the right, up to the first address that is no proxy.
    """
    caller = _read(peer)
    hops = [hop.strip() for value in forwarded for hop in value.split(",")]
    while hops and caller is not None and _is_ours(caller, proxies):
        told = _read(hops.pop())
        if told is None:
            break
        caller = told
    if caller is None:
        return NOBODY
    return str(ip_network((caller, _HOME), strict=False)) if caller.version > 4 else str(caller)  # noqa: PLR2004


def _is_ours(address: _Address, proxies: Sequence[Network]) -> bool:
    return any(address in network for network in proxies)


def _read(text: str) -> _Address | None:
    """The address; an IPv4 one that came in through IPv6 is the IPv4 one; a zone is nobody's affair."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
