"""What payment's doors need, and how they reach a dossier."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.payment.adapters.applicant_file import ApplicantFile
from services.payment.adapters.payment_gateway import Payable, PaymentGateway
from services.payment.rules.numbering import purpose_of
from services.payment.store import Attempt
from shared.catalogue.lookup import NotInCatalogue, agencies_on, agency_path
from shared.catalogue.model import Catalogue
from shared.contracts.facts import Facts
from shared.dossier.actions import AnyAction, By, Order
from shared.dossier.codes import is_dossier_code
from shared.dossier.permission import Actor, Resource, Right, can
from shared.dossier.refusal import Unknown
from shared.dossier.working_time import LOCAL
from shared.platform.database import Sessions
from shared.platform.http import Away
from shared.platform.telemetry import current_traceparent
from workflows.desk import DeskAway


class Desk(Protocol):
    """The part of workflows.desk.DossierDesk that payment needs."""

    async def act(self, dossier_code: str, order: Order) -> Facts: ...
    async def look(self, dossier_code: str) -> Facts: ...


@dataclass(frozen=True)
class Door:
    """Long-lived parts of the process, made by `__main__`."""

    sessions: Sessions
    desk: Desk
    gateway: PaymentGateway
    applicants: ApplicantFile
    catalogue: Catalogue
    now: Callable[[], datetime]
    wake: asyncio.Event
    """Set when work was put into the tables, so that nobody waits for the next look."""
    receipt_series: str


async def act(door: Door, dossier_code: str, command_id: str, by: By, action: AnyAction) -> Facts:
    """One order to the dossier. Raises Refused, Unknown, or Away when its outcome is not known."""
    order = Order(command_id=command_id, by=by, actions=(action,), traceparent=current_traceparent())
    try:
        return await door.desk.act(dossier_code, order)
    except DeskAway as error:
        raise Away("workflows", str(error)) from error


async def look(door: Door, dossier_code: str) -> Facts:
    """The dossier's present facts. Raises Unknown or Away."""
    if not is_dossier_code(dossier_code):
        raise Unknown
    try:
        return await door.desk.look(dossier_code)
    except DeskAway as error:
        raise Away("workflows", str(error)) from error


def resource_of(door: Door, facts: Facts) -> Resource:
    """The agency that received the dossier, the one that decides it, and everything above both."""
    return Resource(
        agency_path=(*path_of(door, facts, facts.agency_reception), *path_of(door, facts, facts.agency_competent)),
        dossier_code=facts.dossier_code,
    )


def path_of(door: Door, facts: Facts, agency_code: str) -> tuple[str, ...]:
    """The agency with its ancestors as the tree was when the dossier was filed. Raises Unknown for none of ours."""
    try:
        return agency_path(door.catalogue, agency_code, facts.submitted_at.astimezone(LOCAL).date())
    except NotInCatalogue as error:
        raise Unknown from error


def agencies_of(door: Door, actor: Actor, right: Right) -> Sequence[str]:
    """The agencies over which this member of staff has this right today."""
    today = door.now().astimezone(LOCAL).date()
    codes = (agency.code for agency in agencies_on(door.catalogue, today))
    return [code for code in codes if can(actor, right, Resource(agency_path=agency_path(door.catalogue, code, today)))]


def payable(attempt: Attempt) -> Payable:
    """The attempt in the gateway's terms."""
    return Payable(
        txn_ref=attempt.txn_ref,
        amount_vnd=attempt.amount_vnd,
        purpose=purpose_of(attempt.dossier_code),
        created_at=attempt.created_at,
        expires_at=attempt.expires_at,
        gateway_no=attempt.gateway_no,
    )
