"""What a scan means and which one counts: every order of arrival, every duplicate, one end (T-42)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from services.delivery.rules.handover import demand_ready
from services.delivery.rules.parcel import Fault, counts_more, fault_of, has_effect, is_tracking_number, order_code
from services.delivery.rules.places import province_id
from shared.contracts.delivery import ParcelStatus
from shared.contracts.facts import facts_of
from shared.dossier.actions import RecordParcel, ReturnWay
from shared.dossier.lifecycle import Role, Stage
from shared.dossier.refusal import Refused
from tests.builders import AT, a_dossier, fee, order, terms

S = ParcelStatus
EIGHT = datetime(2023, 1, 12, 1, tzinfo=UTC)
SCANS = [
    (S.ACCEPTED_FOR_PICKUP, EIGHT),
    (S.IN_TRANSIT, EIGHT + timedelta(hours=1)),
    (S.ATTEMPT_FAILED, EIGHT + timedelta(hours=2)),
    (S.OUT_FOR_DELIVERY, EIGHT + timedelta(hours=3)),
    (S.DELIVERED, EIGHT + timedelta(hours=4)),
]


def _end(arrivals: tuple[tuple[ParcelStatus, datetime], ...]) -> tuple[ParcelStatus | None, datetime | None]:
    known: tuple[ParcelStatus | None, datetime | None] = (None, None)
    for status, at in arrivals:
        if counts_more(status, at, *known):
            known = status, at
    return known


def test_every_order_of_arrival_has_one_end() -> None:
    returned = (S.RETURNED_TO_AGENCY, EIGHT + timedelta(hours=5))
    for arrivals in permutations([*SCANS, SCANS[1], SCANS[4]]):
        assert _end(arrivals) == SCANS[4]
    assert {_end(arrivals) for arrivals in permutations([*SCANS[:4], returned])} == {returned}
    assert {_end(arrivals) for arrivals in permutations([*SCANS, returned])} == {SCANS[4]}


def test_an_older_scan_that_comes_late_changes_nothing() -> None:
    assert not counts_more(S.OUT_FOR_DELIVERY, EIGHT, S.DELIVERED, EIGHT + timedelta(hours=2))
    assert not counts_more(S.IN_TRANSIT, EIGHT, S.ATTEMPT_FAILED, EIGHT + timedelta(hours=2))


def test_at_the_same_time_the_higher_rank_counts_and_a_repeat_does_not() -> None:
    assert counts_more(S.OUT_FOR_DELIVERY, EIGHT, S.IN_TRANSIT, EIGHT)
    assert not counts_more(S.IN_TRANSIT, EIGHT, S.OUT_FOR_DELIVERY, EIGHT)
    assert not counts_more(S.DELIVERED, EIGHT, S.DELIVERED, EIGHT)


def test_only_ends_and_incidents_ask_something_of_us() -> None:
    assert {status for status in S if has_effect(status)} == {
        S.DELIVERED,
        S.RETURNED_TO_AGENCY,
        S.CANCELLED,
        S.LOST,
        S.DAMAGED,
    }


@pytest.mark.parametrize("number", ["EJ123456785VN", "RR473124829VN", "EJ590743100VN", "EJ000000005VN"])
def test_tracking_numbers_have_the_right_check_digit(number: str) -> None:
    assert is_tracking_number(number)


@pytest.mark.parametrize("number", ["EJ123456784VN", "EJ123456785US", "ej123456785vn", "EJ12345678VN", ""])
def test_other_numbers_are_none(number: str) -> None:
    assert not is_tracking_number(number)


@pytest.mark.parametrize(
    ("status", "known", "ours", "ahead", "fault"),
    [
        (S.PICKED_UP, True, True, timedelta(), Fault.NONE),
        (S.PICKED_UP, False, False, timedelta(), Fault.UNKNOWN_ORDER),
        (S.PICKED_UP, True, False, timedelta(), Fault.OTHER_NUMBER),
        (None, True, True, timedelta(), Fault.UNKNOWN_CODE),
        (S.PICKED_UP, True, True, timedelta(minutes=10), Fault.NONE),
        (S.PICKED_UP, True, True, timedelta(minutes=10, seconds=1), Fault.CLOCK),
        (S.PICKED_UP, True, True, timedelta(days=-1), Fault.NONE),
        (S.PICKED_UP, True, True, timedelta(days=-1, seconds=-1), Fault.CLOCK),
    ],
)
def test_a_scan_is_kept_aside_for_the_first_reason(
    *,
    status: ParcelStatus | None,
    known: bool,
    ours: bool,
    ahead: timedelta,
    fault: Fault,
) -> None:
    found = fault_of(
        status,
        is_known=known,
        is_our_number=ours,
        created_at=EIGHT if known else None,
        happened_at=EIGHT + ahead,
        now=EIGHT,
    )
    assert found is fault


def test_order_codes_and_places_are_the_carriers() -> None:
    assert order_code("000.00.06.H39-230110-0007", 1) == "0000006H39-230110-0007-R1"
    for address, place in {
        "12 Lê Lợi, phường Bến Nghé, TP. Hồ Chí Minh": "70",
        "1 Tràng Tiền, Thành phố Hà Nội": "10",
        "ấp 3, xã Tân Đông, huyện Thạnh Hóa, tỉnh Long An": "85",
        "": "85",
    }.items():
        assert province_id(address, home="85") == place


def test_a_result_goes_to_the_postman_only_when_it_may() -> None:
    def ready(*, booked: bool = True, status: ParcelStatus | None = None, way: ReturnWay = ReturnWay.POST) -> None:
        dossier = a_dossier(Stage.RESULT_READY, return_way=way)
        dossier.take(order(Role.SYSTEM, RecordParcel(parcel_number="EJ123456785VN")), AT)
        demand_ready(facts_of(dossier), is_booked=booked, status=status)

    ready()
    ready(status=S.CREATED)
    with pytest.raises(Refused, match="Chưa có vận đơn"):
        ready(booked=False)
    with pytest.raises(Refused, match="không chọn"):
        ready(way=ReturnWay.DESK)
    with pytest.raises(Refused, match="chuyển hoàn"):
        ready(status=S.RETURNED_TO_AGENCY)
    owing = a_dossier(Stage.RESULT_READY, promised=terms(fees=[fee()]), return_way=ReturnWay.POST)
    with pytest.raises(Refused, match="200000"):
        demand_ready(facts_of(owing), is_booked=True, status=None)
