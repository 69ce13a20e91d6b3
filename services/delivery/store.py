"""Tables of the schema `delivery` and their queries. Times are UTC. No name, no address in any column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    RowMapping,
    Table,
    Text,
    UniqueConstraint,
    case,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.delivery.rules.parcel import Fault
from shared.contracts.delivery import ParcelStatus
from shared.platform.database import metadata_for
from shared.platform.once import once_table
from shared.platform.rate import rate_table

SCHEMA: Final = "delivery"
metadata = metadata_for(SCHEMA)
_INSTANT: Final = DateTime(timezone=True)

once = once_table(metadata)
rate = rate_table(metadata)

_parcel = Table(
    "parcel",
    metadata,
    Column("order_code", Text, primary_key=True, comment="our number at the carrier"),
    Column("dossier_code", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("parcel_number", Text, nullable=False, server_default="", comment="the carrier's; empty until it answered"),
    Column("created_at", _INSTANT, nullable=False),
    Column("status", Text, comment="of the scan that counts most"),
    Column("status_at", _INSTANT),
    Column("message_id", Text, nullable=False, server_default="", comment="of that scan"),
    Column("dispatch_id", Text, nullable=False, server_default="", comment="command of the hand-over to the postman"),
    Column("dispatcher_code", Text, nullable=False, server_default="", comment="opaque code of who handed it over"),
    Column("dispatch_agency", Text, nullable=False, server_default=""),
    Column("handed_over_at", _INSTANT),
    Column("dispatched_at", _INSTANT, comment="when the dossier was told of the hand-over"),
    Column("told", Text, nullable=False, server_default="", comment="the end that the dossier was told"),
    Column("proof_reference", Text, nullable=False, server_default=""),
    Column("delivered_at", _INSTANT),
    Column("attention", Text, nullable=False, server_default="", comment="why the desk has to look at it"),
    Column("step_at", _INSTANT, comment="when work on it is due; null = none is"),
    UniqueConstraint("dossier_code", "attempt"),
    Index("ix_parcel_step_at", "step_at", postgresql_where=text("step_at IS NOT NULL")),
)

_scan = Table(
    "scan",
    metadata,
    Column("scan_id", BigInteger, Identity(), primary_key=True),
    Column("message_id", Text, nullable=False, unique=True, comment="the carrier's, one per status event"),
    Column("order_code", Text, nullable=False, index=True),
    Column("dossier_code", Text, nullable=False, server_default=""),
    Column("parcel_number", Text, nullable=False),
    Column("carrier_status", Text, nullable=False),
    Column("status", Text),
    Column("happened_at", _INSTANT, nullable=False),
    Column("received_at", _INSTANT, nullable=False),
    Column("fault", Text, nullable=False, server_default="", comment="why it is kept aside; empty = it counts"),
    Column("published_at", _INSTANT),
    Index("ix_scan_unpublished", "scan_id", postgresql_where=text("published_at IS NULL AND fault = ''")),
)


@dataclass(frozen=True)
class Parcel:
    """A result's way home."""

    order_code: str
    dossier_code: str
    attempt: int
    created_at: datetime
    parcel_number: str = ""
    status: ParcelStatus | None = None
    status_at: datetime | None = None
    message_id: str = ""
    dispatch_id: str = ""
    dispatcher_code: str = ""
    dispatch_agency: str = ""
    handed_over_at: datetime | None = None
    dispatched_at: datetime | None = None
    told: str = ""
    proof_reference: str = ""
    delivered_at: datetime | None = None
    attention: str = ""
    step_at: datetime | None = None


@dataclass(frozen=True)
class Scan:
    """One verified message of the carrier, as it came."""

    message_id: str
    order_code: str
    dossier_code: str
    parcel_number: str
    carrier_status: str
    status: ParcelStatus | None
    happened_at: datetime
    received_at: datetime
    fault: Fault = Fault.NONE


# --- parcels ----------------------------------------------------------------------------------------------------------


async def begin_parcel(session: AsyncSession, parcel: Parcel) -> Parcel:
    """Keeps the order before the carrier hears of it; the one that is there when it was begun before."""
    await session.execute(insert(_parcel).values(**vars(parcel)).on_conflict_do_nothing())
    query = select(_parcel).where(_parcel.c.dossier_code == parcel.dossier_code, _parcel.c.attempt == parcel.attempt)
    return _parcel_row((await session.execute(query)).mappings().one())


async def parcel_of(session: AsyncSession, order_code: str, *, lock: bool = False) -> Parcel | None:
    """The parcel with this order number; `lock` holds its row until the transaction ends."""
    query = select(_parcel).where(_parcel.c.order_code == order_code)
    return _as_parcel((await session.execute(query.with_for_update() if lock else query)).mappings().first())


async def newest_parcel(session: AsyncSession, dossier_code: str) -> Parcel | None:
    """The dossier's last attempt."""
    query = select(_parcel).where(_parcel.c.dossier_code == dossier_code).order_by(_parcel.c.attempt.desc()).limit(1)
    return _as_parcel((await session.execute(query)).mappings().first())


async def change_parcel(session: AsyncSession, parcel: Parcel, **values: object) -> None:
    """Changes what is named. A new `step_at` gives way when somebody made the parcel due since `parcel` was read."""
    if "step_at" in values:
        is_ours = _parcel.c.step_at.is_not_distinct_from(parcel.step_at)
        values["step_at"] = case((is_ours, literal(values["step_at"], _INSTANT)), else_=_parcel.c.step_at)
    await session.execute(update(_parcel).where(_parcel.c.order_code == parcel.order_code).values(**values))


async def claim_due(session: AsyncSession, now: datetime, *, lease: timedelta, limit: int) -> Sequence[Parcel]:
    """Parcels on which work is due, for this process alone until `lease` is over."""
    due = (
        select(_parcel.c.order_code)
        .where(_parcel.c.step_at <= now)
        .order_by(_parcel.c.step_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    claim = update(_parcel).where(_parcel.c.order_code.in_(due)).values(step_at=now + lease).returning(_parcel)
    return [_parcel_row(row) for row in (await session.execute(claim)).mappings()]


# --- scans ------------------------------------------------------------------------------------------------------------


async def add_scan(session: AsyncSession, scan: Scan) -> bool:
    """The inbox: False when this message was there. One kept aside for want of its order counts once that is known."""
    statement = insert(_scan).values(**vars(scan))
    statement = statement.on_conflict_do_update(
        index_elements=["message_id"],
        set_={name: statement.excluded[name] for name in ("dossier_code", "status", "fault")},
        where=(_scan.c.fault == Fault.UNKNOWN_ORDER) & (statement.excluded.fault != Fault.UNKNOWN_ORDER),
    )
    return (await session.execute(statement.returning(_scan.c.scan_id))).first() is not None


async def unpublished(session: AsyncSession, *, limit: int) -> Sequence[tuple[int, Scan]]:
    """Scans that count and are not on the topic yet, in the order of arrival."""
    query = (
        select(_scan)
        .where(_scan.c.published_at.is_(None), _scan.c.fault == Fault.NONE)
        .order_by(_scan.c.scan_id)
        .limit(limit)
    )
    return [(row["scan_id"], _scan_row(row)) for row in (await session.execute(query)).mappings()]


async def mark_published(session: AsyncSession, scan_ids: Sequence[int], at: datetime) -> None:
    await session.execute(update(_scan).where(_scan.c.scan_id.in_(scan_ids)).values(published_at=at))


async def scans_of(session: AsyncSession, order_code: str) -> Sequence[Scan]:
    """The timeline: everything the carrier said of this order, by its own times."""
    query = select(_scan).where(_scan.c.order_code == order_code).order_by(_scan.c.happened_at, _scan.c.scan_id)
    return [_scan_row(row) for row in (await session.execute(query)).mappings()]


def _as_parcel(row: RowMapping | None) -> Parcel | None:
    return None if row is None else _parcel_row(row)


def _parcel_row(row: RowMapping) -> Parcel:
    return Parcel(**{**row, "status": ParcelStatus(row["status"]) if row["status"] else None})


def _scan_row(row: RowMapping) -> Scan:
    fields = {name: value for name, value in row.items() if name not in ("scan_id", "published_at")}
    status = ParcelStatus(row["status"]) if row["status"] else None
    return Scan(**{**fields, "status": status, "fault": Fault(row["fault"])})
