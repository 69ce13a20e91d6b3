"""Whose address counts: the connection's, unless a proxy of ours tells another."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from shared.platform.addresses import NOBODY, networks, prefix
from shared.platform.settings import ProcessSettings

PROXIES = networks("10.0.0.7, 10.1.0.0/16, fd00::/8")


@pytest.mark.parametrize(
    ("peer", "told", "found"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),  # a stranger may say what it likes
        ("10.0.0.7", [], "10.0.0.7"),
        ("10.0.0.7", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.7", ["1.1.1.1, 198.51.100.1"], "198.51.100.1"),  # what stands left of it, the caller wrote
        ("10.0.0.7", ["1.1.1.1", "198.51.100.1, 10.1.2.3"], "198.51.100.1"),
        ("10.0.0.7", ["10.1.2.3"], "10.1.2.3"),
        ("10.0.0.7", ["<script>"], "10.0.0.7"),
        ("10.0.0.7", [""], "10.0.0.7"),
        ("fd00::1", ["2001:db8:1:2:3::4"], "2001:db8:1:2::/64"),
        ("2001:db8:1:2:aaaa::1", [], "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::1", [], "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", [], "2001:db8:1:3::/64"),
        ("::ffff:203.0.113.9", [], "203.0.113.9"),
        ("fe80::1%eth0", [], "fe80::/64"),
        ("", [], NOBODY),
        ("testclient", ["198.51.100.1"], NOBODY),
    ],
)
def test_the_prefix_of_a_caller(peer: str, told: list[str], found: str) -> None:
    assert prefix(peer, told, PROXIES) == found


def test_without_proxies_only_the_connection_counts() -> None:
    assert prefix("127.0.0.1", ["198.51.100.1"], networks("")) == "127.0.0.1"


def test_proxies_are_addresses_or_the_process_does_not_start() -> None:
    def behind(proxies: str) -> ProcessSettings:
        return ProcessSettings(port=8001, kafka_bootstrap_servers="127.0.0.1:9092", trusted_proxies=proxies)

    assert behind("10.0.0.7").proxies == networks("10.0.0.7/32")
    with pytest.raises(ValidationError, match="trusted_proxies"):
        behind("the proxy")
