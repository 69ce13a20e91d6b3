"""Accounts of staff, what they are granted, their sessions and delegations. Codes and titles only: no person's name."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    Table,
    Text,
    delete,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert_into
from sqlalchemy.ext.asyncio import AsyncSession

from services.processing.store.tables import metadata
from shared.dossier.lifecycle import Role
from shared.dossier.permission import Grant

account = Table(
    "account",
    metadata,
    Column("person_code", Text, primary_key=True),
    Column("login", Text, nullable=False, comment="embedded: user name; else subject at the provider"),
    Column("title", Text, nullable=False, comment="post in words, such as a counter's number; never a name"),
    Column("password_hash", Text, comment="argon2id; null: signs in at the provider only"),
    Column("failures", Integer, nullable=False),
    Column("locked_until", DateTime(timezone=True)),
    Column("disabled_at", DateTime(timezone=True)),
    Column("signed_in_at", DateTime(timezone=True)),
    Column("single_keys", Boolean, nullable=False),
    Index(None, "login", unique=True),
)
account_grant = Table(
    "account_grant",
    metadata,
    Column("person_code", Text, primary_key=True),
    Column("role", Text, primary_key=True),
    Column("agency_code", Text, primary_key=True),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date, comment="last day; null: until revoked"),
)
session_table = Table(
    "session",
    metadata,
    Column("token_hash", Text, primary_key=True, comment="SHA-256 of the cookie's value"),
    Column("person_code", Text, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
    Column("seen_at", DateTime(timezone=True), nullable=False),
    Column("proved_at", DateTime(timezone=True), nullable=False, comment="last proof of identity"),
    Column("role", Text, comment="today's post; null: all of the person's posts"),
    Column("agency_code", Text),
    Column("is_locked", Boolean, nullable=False),
    Index(None, "person_code"),
)
delegation = Table(
    "delegation",
    metadata,
    Column("person_code", Text, primary_key=True),
    Column("first_on", Date, primary_key=True),
    Column("last_on", Date, nullable=False),
    Column("to_person_code", Text, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
    Index(None, "to_person_code"),
)


@dataclass(frozen=True)
class Account:
    """One member of staff as the console knows people: an opaque code and the title of a post."""

    person_code: str
    login: str
    title: str
    password_hash: str | None = None
    failures: int = 0
    locked_until: datetime | None = None
    disabled_at: datetime | None = None
    signed_in_at: datetime | None = None
    single_keys: bool = True


@dataclass(frozen=True)
class DatedGrant:
    """A role at an agency (and all below) between two days, both included."""

    role: Role
    agency_code: str
    valid_from: date
    valid_to: date | None = None

    def holds(self, on: date) -> bool:
        """Whether it is in force on that day."""
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)


@dataclass(frozen=True)
class Kept:
    """A session as stored; `post` none = all of the person's posts."""

    token_hash: str
    person_code: str
    made_at: datetime
    seen_at: datetime
    proved_at: datetime
    post: Grant | None
    is_locked: bool


@dataclass(frozen=True)
class Delegation:
    """While somebody is absent another person has the same posts."""

    person_code: str
    to_person_code: str
    first_on: date
    last_on: date


async def by_login(session: AsyncSession, login: str) -> Account | None:
    """The account that signs in under this name; locked until the transaction ends, so that failures add up."""
    row = (await session.execute(select(account).where(account.c.login == login).with_for_update())).first()
    return Account(**row._mapping) if row else None  # noqa: SLF001 - the row as a mapping is its public face


async def find(session: AsyncSession, person_code: str) -> Account | None:
    """The account of a person."""
    row = (await session.execute(select(account).where(account.c.person_code == person_code))).first()
    return Account(**row._mapping) if row else None  # noqa: SLF001


async def titles(session: AsyncSession, codes: Collection[str]) -> dict[str, str]:
    """The titles of those people that have an account."""
    asked = select(account.c.person_code, account.c.title).where(account.c.person_code.in_(codes))
    return {row.person_code: row.title for row in await session.execute(asked)} if codes else {}


async def keep(session: AsyncSession, person: Account, grants: Sequence[DatedGrant]) -> None:
    """Creates or changes an account with its grants; failures and locks of a known one stay."""
    values = {
        "person_code": person.person_code, "login": person.login, "title": person.title, "failures": 0,
        "password_hash": person.password_hash, "single_keys": person.single_keys,
    }  # fmt: skip
    written = upsert_into(account).values(values)
    changed = {name: written.excluded[name] for name in ("login", "title", "password_hash")}
    await session.execute(written.on_conflict_do_update(index_elements=[account.c.person_code], set_=changed))
    await session.execute(delete(account_grant).where(account_grant.c.person_code == person.person_code))
    if grants:
        rows = [{"person_code": person.person_code, **vars(grant)} for grant in grants]
        await session.execute(insert(account_grant), rows)


async def change(session: AsyncSession, person_code: str, **values: Any) -> None:
    """Writes columns of an account."""
    await session.execute(update(account).where(account.c.person_code == person_code).values(**values))


async def holders_of(
    session: AsyncSession, roles: Collection[Role], agencies: Collection[str], on: date
) -> Sequence[tuple[str, str]]:
    """(code, title) of everybody who holds one of the roles at one of the agencies that day, by title."""
    asked = (
        select(account.c.person_code, account.c.title)
        .join(account_grant, account_grant.c.person_code == account.c.person_code)
        .where(
            account_grant.c.role.in_(roles),
            account_grant.c.agency_code.in_(agencies),
            account_grant.c.valid_from <= on,
            or_(account_grant.c.valid_to.is_(None), account_grant.c.valid_to >= on),
            account.c.disabled_at.is_(None),
        )
        .distinct()
        .order_by(account.c.title, account.c.person_code)
        .limit(200)
    )
    return [(row.person_code, row.title) for row in await session.execute(asked)]


# ── sessions ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def open_session(session: AsyncSession, kept: Kept) -> None:
    """Stores a new session."""
    values = vars(kept) | {
        "role": kept.post.role if kept.post else None,
        "agency_code": kept.post.agency_code if kept.post else None,
    }
    values.pop("post")
    await session.execute(insert(session_table).values(**values))


_SIGNED_IN: Final = text(
    """
    SELECT s.*, a.login, a.title, a.password_hash, a.failures, a.locked_until, a.disabled_at, a.signed_in_at,
        a.single_keys,
        ARRAY(
            SELECT DISTINCT g.role || ' ' || g.agency_code FROM processing.account_grant g
            WHERE (g.person_code = s.person_code OR g.person_code IN (
                SELECT d.person_code FROM processing.delegation d
                WHERE d.to_person_code = s.person_code AND :on BETWEEN d.first_on AND d.last_on))
                AND g.valid_from <= :on AND (g.valid_to IS NULL OR :on <= g.valid_to)
        ) AS held
    FROM processing.session s JOIN processing.account a USING (person_code)
    WHERE s.token_hash = :token_hash
    """
)


async def signed_in(session: AsyncSession, token_hash: str, on: date) -> tuple[Kept, Account, tuple[Grant, ...]] | None:
    """The session with this hash, however old, its account, and what the person holds that day, what absent
    colleagues delegated included. One statement: every page and every click asks it first.
    """
    row = (await session.execute(_SIGNED_IN, {"token_hash": token_hash, "on": on})).first()
    if row is None:
        return None
    post = Grant(role=Role(row.role), agency_code=row.agency_code) if row.role else None
    kept = Kept(row.token_hash, row.person_code, row.made_at, row.seen_at, row.proved_at, post, row.is_locked)
    person = Account(
        row.person_code, row.login, row.title, row.password_hash, row.failures, row.locked_until, row.disabled_at,
        row.signed_in_at, row.single_keys,
    )  # fmt: skip
    held = sorted((code, role) for role, code in (each.split(" ", 1) for each in row.held))
    return kept, person, tuple(Grant(role=Role(role), agency_code=code) for code, role in held)


async def change_session(session: AsyncSession, token_hash: str, **values: Any) -> None:
    """Writes columns of a session."""
    await session.execute(update(session_table).where(session_table.c.token_hash == token_hash).values(**values))


async def end_sessions(session: AsyncSession, person_code: str, *, but: str = "", only: str = "") -> None:
    """Ends the person's sessions: all, all but one, or only one (by token hash)."""
    mine = delete(session_table).where(session_table.c.person_code == person_code)
    if only:
        mine = mine.where(session_table.c.token_hash == only)
    await session.execute(mine.where(session_table.c.token_hash != but))


async def count_sessions(session: AsyncSession, person_code: str, since: datetime) -> int:
    """How many sessions of the person were seen since then."""
    asked = select(session_table.c.token_hash).where(
        session_table.c.person_code == person_code, session_table.c.seen_at >= since
    )
    return len((await session.execute(asked)).all())


async def delegate(session: AsyncSession, given: Delegation, at: datetime) -> None:
    """Keeps a delegation; one per person and first day, the last word counts."""
    values = upsert_into(delegation).values(**vars(given), made_at=at)
    await session.execute(
        values.on_conflict_do_update(
            index_elements=[delegation.c.person_code, delegation.c.first_on],
            set_={name: values.excluded[name] for name in ("to_person_code", "last_on", "made_at")},
        )
    )


async def delegations_of(session: AsyncSession, person_code: str, on: date) -> Sequence[Delegation]:
    """What the person delegated that is not over yet."""
    asked = (
        select(delegation)
        .where(delegation.c.person_code == person_code, delegation.c.last_on >= on)
        .order_by(delegation.c.first_on)
    )
    return [
        Delegation(row.person_code, row.to_person_code, row.first_on, row.last_on)
        for row in await session.execute(asked)
    ]
