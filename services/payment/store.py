"""Tables of the schema `payment` and their queries. Money is whole đồng, times are UTC. No person in any column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    DateTime,
    Identity,
    Index,
    Integer,
    RowMapping,
    Table,
    Text,
    UniqueConstraint,
    case,
    func,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.payment.rules.settlement import WITH_MONEY, Means, State
from shared.platform.database import metadata_for
from shared.platform.once import once_table
from shared.platform.rate import rate_table

SCHEMA: Final = "payment"
metadata = metadata_for(SCHEMA)
_INSTANT: Final = DateTime(timezone=True)

once = once_table(metadata)
rate = rate_table(metadata)

_attempt = Table(
    "attempt",
    metadata,
    Column("txn_ref", Text, primary_key=True, comment="our order number"),
    Column("command_id", Text, nullable=False, unique=True, comment="of the order that tells the dossier"),
    Column("dossier_code", Text, nullable=False, index=True),
    Column("agency_code", Text, nullable=False, comment="where the dossier was received: whose accountant sees it"),
    Column("means", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("amount_vnd", BigInteger, nullable=False),
    Column("created_at", _INSTANT, nullable=False),
    Column("expires_at", _INSTANT, nullable=False),
    Column("paid_at", _INSTANT),
    Column("gateway_no", Text, nullable=False, server_default=""),
    Column("collector_code", Text, nullable=False, server_default="", comment="opaque code of who took cash"),
    Column("step_at", _INSTANT, comment="when work on it is due; null = none is"),
    Index(
        "uq_attempt_one_pending",
        "dossier_code",
        unique=True,
        postgresql_where=text("state = 'PENDING' AND means = 'GATEWAY'"),
    ),
    Index("ix_attempt_step_at", "step_at", postgresql_where=text("step_at IS NOT NULL")),
)

_notice = Table(
    "notice",
    metadata,
    Column("notice_id", BigInteger, Identity(), primary_key=True),
    Column("digest", Text, nullable=False, unique=True, comment="the message's own signature: kept for ever"),
    Column("txn_ref", Text, nullable=False, index=True),
    Column("codes", Text, nullable=False, comment="response and transaction status as sent, e.g. 00/00"),
    Column("received_at", _INSTANT, nullable=False),
)

_receipt = Table(
    "receipt",
    metadata,
    Column("symbol", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("txn_ref", Text, nullable=False, unique=True),
    Column("dossier_code", Text, nullable=False, index=True),
    Column("amount_vnd", BigInteger, nullable=False),
    Column("means", Text, nullable=False),
    Column("collector_code", Text, nullable=False),
    Column("issued_at", _INSTANT, nullable=False),
    Column("cancelled_at", _INSTANT),
)

_receipt_counter = Table(
    "receipt_counter",
    metadata,
    Column("symbol", Text, primary_key=True),
    Column("last", Integer, nullable=False),
)

_refund = Table(
    "refund",
    metadata,
    Column("txn_ref", Text, primary_key=True),
    Column("request_id", Text, nullable=False, unique=True, comment="fixed before the first call, the same ever after"),
    Column("amount_vnd", BigInteger, nullable=False),
    Column("asked_at", _INSTANT, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("done_at", _INSTANT),
)

_finding = Table(
    "finding",
    metadata,
    Column("finding_id", BigInteger, Identity(), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("txn_ref", Text, nullable=False),
    Column("dossier_code", Text, nullable=False),
    Column("agency_code", Text, nullable=False, index=True),
    Column("opened_at", _INSTANT, nullable=False),
    UniqueConstraint("txn_ref", "kind"),
)


@dataclass(frozen=True)
class Attempt:
    """One try to pay a dossier's fee."""

    txn_ref: str
    command_id: str
    dossier_code: str
    agency_code: str
    means: Means
    state: State
    amount_vnd: int
    created_at: datetime
    expires_at: datetime
    paid_at: datetime | None = None
    gateway_no: str = ""
    collector_code: str = ""
    step_at: datetime | None = None


@dataclass(frozen=True)
class Receipt:
    """A fee receipt: numbers run without gaps per symbol; a cancelled one stays."""

    symbol: str
    number: int
    txn_ref: str
    dossier_code: str
    amount_vnd: int
    means: Means
    collector_code: str
    issued_at: datetime
    cancelled_at: datetime | None = None


@dataclass(frozen=True)
class Refund:
    """Money on its way back; `tries` counts calls begun."""

    txn_ref: str
    request_id: str
    amount_vnd: int
    asked_at: datetime
    tries: int
    done_at: datetime | None = None


@dataclass(frozen=True)
class Finding:
    """A difference that an accountant has to settle: never silence."""

    finding_id: int
    kind: str
    txn_ref: str
    dossier_code: str
    agency_code: str
    opened_at: datetime


# --- attempts ---------------------------------------------------------------------------------------------------------


async def add_attempt(session: AsyncSession, attempt: Attempt) -> bool:
    """Keeps a new attempt. False when its number or command is taken, or another one is pending at the gateway."""
    statement = insert(_attempt).values(**vars(attempt)).on_conflict_do_nothing()
    return (await session.execute(statement.returning(_attempt.c.txn_ref))).first() is not None


async def attempt_of(session: AsyncSession, txn_ref: str, *, lock: bool = False) -> Attempt | None:
    """The attempt with this order number; `lock` holds its row until the transaction ends."""
    query = select(_attempt).where(_attempt.c.txn_ref == txn_ref)
    return _as_attempt((await session.execute(query.with_for_update() if lock else query)).mappings().first())


async def attempt_by_command(session: AsyncSession, command_id: str) -> Attempt | None:
    query = select(_attempt).where(_attempt.c.command_id == command_id)
    return _as_attempt((await session.execute(query)).mappings().first())


async def pending_of(session: AsyncSession, dossier_code: str) -> Attempt | None:
    """The one attempt that waits at the gateway."""
    query = select(_attempt).where(
        _attempt.c.dossier_code == dossier_code,
        _attempt.c.state == State.PENDING,
        _attempt.c.means == Means.GATEWAY,
    )
    return _as_attempt((await session.execute(query)).mappings().first())


async def count_with_stem(session: AsyncSession, stem: str) -> int:
    """How many order numbers begin like this."""
    query = select(func.count()).where(_attempt.c.txn_ref.startswith(stem, autoescape=True))
    return (await session.execute(query)).scalar_one()


async def paid_attempts(session: AsyncSession, dossier_code: str) -> Sequence[Attempt]:
    """Attempts whose money the dossier took: paid, or on the way back after that."""
    query = (
        select(_attempt)
        .join(_receipt, _receipt.c.txn_ref == _attempt.c.txn_ref)
        .where(_attempt.c.dossier_code == dossier_code, _attempt.c.state.in_(WITH_MONEY))
        .order_by(_attempt.c.created_at)
    )
    return [_attempt_row(row) for row in (await session.execute(query)).mappings()]


async def move(session: AsyncSession, attempt: Attempt, *states: State, to: State, **values: object) -> bool:
    """Moves an attempt that is still in one of `states`; False when it has gone on meanwhile.

    A new `step_at` gives way when a notice made the attempt due since `attempt` was read.
    """
    if "step_at" in values:
        values["step_at"] = _unless_due(attempt, values["step_at"])
    statement = (
        update(_attempt)
        .where(_attempt.c.txn_ref == attempt.txn_ref, _attempt.c.state.in_(states))
        .values(state=to, **values)
        .returning(_attempt.c.txn_ref)
    )
    return (await session.execute(statement)).first() is not None


async def schedule(session: AsyncSession, attempt: Attempt, at: datetime | None) -> None:
    """When work on this attempt is due next (None = never), unless a notice made it due since it was read."""
    statement = update(_attempt).where(_attempt.c.txn_ref == attempt.txn_ref)
    await session.execute(statement.values(step_at=_unless_due(attempt, at)))


def _unless_due(attempt: Attempt, at: object) -> ColumnElement[datetime | None]:
    is_ours = _attempt.c.step_at.is_not_distinct_from(attempt.step_at)
    return case((is_ours, literal(at, _INSTANT)), else_=_attempt.c.step_at)


async def claim_due(session: AsyncSession, now: datetime, *, lease: timedelta, limit: int) -> Sequence[Attempt]:
    """Attempts on which work is due, for this process alone until `lease` is over."""
    due = (
        select(_attempt.c.txn_ref)
        .where(_attempt.c.step_at <= now)
        .order_by(_attempt.c.step_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    claim = update(_attempt).where(_attempt.c.txn_ref.in_(due)).values(step_at=now + lease).returning(_attempt)
    return [_attempt_row(row) for row in (await session.execute(claim)).mappings()]


async def due(session: AsyncSession, now: datetime) -> Sequence[Attempt]:
    """The same without claiming: what the next sweep would work on."""
    query = select(_attempt).where(_attempt.c.step_at <= now).order_by(_attempt.c.step_at)
    return [_attempt_row(row) for row in (await session.execute(query)).mappings()]


# --- notices ----------------------------------------------------------------------------------------------------------


async def has_notice(session: AsyncSession, digest: str) -> bool:
    return (await session.execute(select(_notice.c.notice_id).where(_notice.c.digest == digest))).first() is not None


async def add_notice(session: AsyncSession, *, digest: str, txn_ref: str, codes: str, at: datetime) -> bool:
    """The inbox: False when this very message is already in it."""
    statement = insert(_notice).values(digest=digest, txn_ref=txn_ref, codes=codes, received_at=at)
    statement = statement.on_conflict_do_nothing()
    return (await session.execute(statement.returning(_notice.c.notice_id))).first() is not None


# --- receipts ---------------------------------------------------------------------------------------------------------


async def add_receipt(session: AsyncSession, attempt: Attempt, *, symbol: str, at: datetime) -> Receipt:
    """Draws the next number and stores the receipt with it: a rolled back transaction leaves no gap (TT 303/2016)."""
    draw = insert(_receipt_counter).values(symbol=symbol, last=1)
    draw = draw.on_conflict_do_update(index_elements=["symbol"], set_={"last": _receipt_counter.c.last + 1})
    number = (await session.execute(draw.returning(_receipt_counter.c.last))).scalar_one()
    receipt = Receipt(
        symbol=symbol,
        number=number,
        txn_ref=attempt.txn_ref,
        dossier_code=attempt.dossier_code,
        amount_vnd=attempt.amount_vnd,
        means=attempt.means,
        collector_code=attempt.collector_code,
        issued_at=at,
    )
    await session.execute(insert(_receipt).values(**vars(receipt)))
    return receipt


async def receipts_of(session: AsyncSession, dossier_code: str) -> Sequence[Receipt]:
    query = select(_receipt).where(_receipt.c.dossier_code == dossier_code).order_by(_receipt.c.issued_at)
    return [_receipt_row(row) for row in (await session.execute(query)).mappings()]


async def cancel_receipt(session: AsyncSession, txn_ref: str, at: datetime) -> None:
    """Marks the receipt of money that went back; its number stays used."""
    mine = (_receipt.c.txn_ref == txn_ref) & _receipt.c.cancelled_at.is_(None)
    await session.execute(update(_receipt).where(mine).values(cancelled_at=at))


# --- refunds and findings ---------------------------------------------------------------------------------------------


async def begin_refund(
    session: AsyncSession, *, txn_ref: str, request_id: str, amount_vnd: int, at: datetime
) -> Refund:
    """Stores the request id before the first call, or counts another try with the id that is there."""
    statement = insert(_refund).values(
        txn_ref=txn_ref, request_id=request_id, amount_vnd=amount_vnd, asked_at=at, tries=1
    )
    statement = statement.on_conflict_do_update(index_elements=["txn_ref"], set_={"tries": _refund.c.tries + 1})
    return Refund(**(await session.execute(statement.returning(_refund))).mappings().one())


async def end_refund(session: AsyncSession, txn_ref: str, at: datetime) -> None:
    await session.execute(update(_refund).where(_refund.c.txn_ref == txn_ref).values(done_at=at))


async def open_finding(session: AsyncSession, attempt: Attempt, kind: str, at: datetime) -> None:
    """Once per attempt and kind."""
    statement = insert(_finding).values(
        kind=kind,
        txn_ref=attempt.txn_ref,
        dossier_code=attempt.dossier_code,
        agency_code=attempt.agency_code,
        opened_at=at,
    )
    await session.execute(statement.on_conflict_do_nothing())


async def findings(session: AsyncSession, agency_codes: Sequence[str], *, after: int, limit: int) -> Sequence[Finding]:
    """Differences of these agencies, oldest first, after a finding id."""
    query = (
        select(_finding)
        .where(_finding.c.agency_code.in_(agency_codes), _finding.c.finding_id > after)
        .order_by(_finding.c.finding_id)
        .limit(limit)
    )
    return [Finding(**row) for row in (await session.execute(query)).mappings()]


def _as_attempt(row: RowMapping | None) -> Attempt | None:
    return None if row is None else _attempt_row(row)


def _attempt_row(row: RowMapping) -> Attempt:
    return Attempt(**{**row, "means": Means(row["means"]), "state": State(row["state"])})


def _receipt_row(row: RowMapping) -> Receipt:
    return Receipt(**{**row, "means": Means(row["means"])})
