"""Our client against the simulator's own reading of the protocol."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from deploy.simulators._ems import signature_headers
from deploy.simulators._stage import Callbacks, Faults, Ledger, Mischief
from deploy.simulators.carrier import Post, ScanRequest, build
from services.delivery.adapters.carrier import EmsCarrier, NotSigned, ParcelOrder
from shared.contracts.delivery import ParcelStatus
from shared.contracts.person import PostalAddress
from shared.platform.http import Answered, Away, Client
from tests.builders import CODE
from tests.services.delivery.fakes import KEY
from tests.services.delivery.world import ORDER


class Both:
    """Our client and the simulator's books behind it; nobody listens to its webhook."""

    def __init__(self, folder: Path) -> None:
        ledger, self.mischief = Ledger(folder / "ledger.jsonl"), Mischief(None)
        self.callbacks = Callbacks(self.mischief, retry_seconds=60, attempts=1)
        self.post = Post(ledger, self.callbacks, KEY, "http://127.0.0.1:9/unused", 60)
        app = build(self.post, ledger, self.mischief, self.callbacks, KEY)
        transport = httpx.ASGITransport(app=app)
        self.client = EmsCarrier(Client("http://carrier", where="carrier", transport=transport), user="motcua", key=KEY)

    def order(self, address: str = "12 Lê Lợi, tỉnh Long An") -> ParcelOrder:
        receiver = PostalAddress(dossier_code=CODE, full_name="Trần Thị Bé", phone="0912345678", address=address)
        return ParcelOrder(ORDER, "Sở Tư pháp", "02723000000", "Sở Tư pháp", "85", receiver, "85")


@pytest.fixture
async def both(tmp_path: Path) -> AsyncIterator[Both]:
    made = Both(tmp_path)
    yield made
    await made.callbacks.stop()


async def test_a_parcel_is_booked_once_and_a_changed_order_is_noticed(both: Both) -> None:
    first = await both.client.book(both.order())
    assert first.is_same
    assert await both.client.book(both.order()) == first
    other = await both.client.book(both.order("nơi khác"))
    assert (other.parcel_number, other.is_same) == (first.parcel_number, False)


async def test_hand_over_tracking_and_proof_are_read(both: Both) -> None:
    booked = await both.client.book(both.order())
    await both.client.hand_over(ORDER)
    await both.client.hand_over(ORDER)
    parcel = both.post.parcel(ORDER)
    for code in (3, 777, 5):
        both.post.scan(parcel, ScanRequest(status_code=code))
    tracking = await both.client.track(ORDER)
    assert [scan.status for scan in tracking.scans] == [ParcelStatus.PICKED_UP, None, ParcelStatus.DELIVERED]
    assert tracking.has(ParcelStatus.DELIVERED)
    assert tracking.proof_reference == f"BP-{booked.parcel_number}"
    assert tracking.proven_at == tracking.scans[-1].happened_at


async def test_the_simulators_webhook_is_understood(both: Both) -> None:
    await both.client.book(both.order())
    parcel = both.post.parcel(ORDER)
    entry = both.post.scan(parcel, ScanRequest(status_code=11000))
    content = httpx.Request("POST", "http://us", json=parcel.body(entry)).content
    headers = httpx.Headers(signature_headers(KEY, entry["transaction"], content))
    scan = both.client.scan(headers, content, datetime.now(UTC))
    assert (scan.message_id, scan.status) == (entry["transaction"], ParcelStatus.OUT_FOR_DELIVERY)
    with pytest.raises(NotSigned):
        both.client.scan(headers, content + b" ", datetime.now(UTC))


async def test_an_expired_login_is_renewed_and_errors_are_typed(both: Both) -> None:
    both.client._token = "1.forged.motcua"
    with pytest.raises(Answered) as no:
        await both.client.track("UNKNOWN")
    assert no.value.status == 404
    both.mischief.set(Faults(fail_p=1))
    with pytest.raises(Away):
        await both.client.book(both.order())
