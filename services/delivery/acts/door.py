"""What delivery's doors need, and how they reach a dossier."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.delivery.adapters.applicant_file import ApplicantFile
from services.delivery.adapters.carrier import Carrier
from shared.catalogue.lookup import NotInCatalogue, agency_path
from shared.catalogue.model import Catalogue
from shared.contracts.facts import Facts
from shared.dossier.actions import AnyAction, By, Order
from shared.dossier.codes import is_dossier_code
from shared.dossier.permission import Resource
from shared.dossier.refusal import Unknown
from shared.dossier.working_time import LOCAL
from shared.platform.database import Sessions
from shared.platform.http import Away
from shared.platform.telemetry import current_traceparent
from workflows.desk import DeskAway


class Desk(Protocol):
    """The part of workflows.desk.DossierDesk that delivery needs."""

    async def act(self, dossier_code: str, order: Order) -> Facts: ...
    async def look(self, dossier_code: str) -> Facts: ...


@dataclass(frozen=True)
class Sender:
    """What the carrier is told of the desk. `province_id` is postal."""

    phone: str
    province_id: str


@dataclass(frozen=True)
class Door:
    """Long-lived parts of the process, made by `__main__`."""

    sessions: Sessions
    desk: Desk
    carrier: Carrier
    applicants: ApplicantFile
    catalogue: Catalogue
    sender: Sender
    now: Callable[[], datetime]
    scanned: asyncio.Event
    """Set when a scan was put into the inbox: the relay need not wait for its next look."""
    due: asyncio.Event
    """Set when a parcel has work due: the follower need not wait for its next look."""


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
    on = facts.submitted_at.astimezone(LOCAL).date()
    try:
        received = agency_path(door.catalogue, facts.agency_reception, on)
        decided = agency_path(door.catalogue, facts.agency_competent, on)
    except NotInCatalogue as error:
        raise Unknown from error
    return Resource(agency_path=(*received, *decided), dossier_code=facts.dossier_code)
