"""Door for the workflow: makes the result's file and signs it (contract: shared.contracts.processing)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from temporalio import activity

from services.processing import store
from services.processing.acts import Door
from services.processing.adapters.applicant_file import ApplicantFile
from services.processing.adapters.press import Press
from services.processing.adapters.signature_service import SignatureService, SigningOrder
from services.processing.rules import cms, signing
from services.processing.store import SignedFile
from shared.contracts.processing import SignedResult, SignInput
from shared.dossier.actions import Outcome, instant
from shared.platform.telemetry import log


@dataclass(frozen=True)
class _Started:
    """What is known before printing: the result's number, its file if an attempt finished, the ground of a refusal."""

    code: str
    known: SignedFile | None
    cause: str | None


class Signatures:
    """Implements ProcessingActivities for one process."""

    def __init__(self, door: Door, applicants: ApplicantFile, service: SignatureService, press: Press) -> None:
        self._door = door
        self._applicants = applicants
        self._service = service
        self._press = press

    @activity.defn(name="sign_result")
    async def sign_result(self, order: SignInput) -> SignedResult:
        """One number, one signed file per dossier and version, however often this runs.

        Raises Away, Answered, NameMissing, SignatureRefused, Unprintable: all are tried again by the workflow.
        """
        started = await self._start(order)
        signed = started.known
        if signed is None:
            signed_at = instant(self._door.now())
            signed = await self._keep(order, await self._signed_pdf(order, started, signed_at), signed_at)
            log.info("result_signed", dossier_code=order.dossier_code, agency_code=order.agency_code)
        return SignedResult(result_code=started.code, signed_at=signed.signed_at)

    async def _start(self, order: SignInput) -> _Started:
        """The number is reserved before anything is printed and kept for every attempt."""
        on = signing.local_day(order.decided_at)
        symbol = signing.symbol_of(self._door.catalogue, order.procedure_code, order.outcome, on)
        async with self._door.sessions.begin() as session:
            given = await store.reserve_number(session, order.dossier_code, order.version, order.agency_code, on.year)
            row = await store.find(session, order.dossier_code) if order.outcome is Outcome.REFUSED else None
        return _Started(
            code=signing.result_code(given.number, given.year, symbol, given.agency_code),
            known=given.signed,
            cause=row.facts.cause if row else None,
        )

    async def _signed_pdf(self, order: SignInput, started: _Started, signed_at: datetime) -> bytes:
        """Typeset, open a gap, sign the digest, stamp the signature, fill the gap (PAdES B-T)."""
        name = await self._applicants.name_of(order.dossier_code)
        decision = signing.Decision(**order.model_dump(exclude={"version"}))
        sheet = signing.sheet_of(self._door.catalogue, decision, started.code, name, started.cause)
        pdf = await self._press.printed(sheet, order.decided_at)
        opened = await self._press.opened(pdf, signed_at)
        certificates = await self._service.certificates_of(order.signer_code)
        attributes = cms.signed_attributes(opened.digest, certificates)
        document_hash = sha256(pdf).hexdigest()
        signature = await self._service.signature(
            SigningOrder(
                signer_code=order.signer_code,
                document_hash=document_hash,
                idempotency_key=f"{order.dossier_code}/{order.version}/{document_hash}",
            ),
            attributes,
        )
        stamp = await self._service.time_stamp(signature)
        return opened.signed(cms.signed_data(certificates, attributes, signature, stamp))

    async def _keep(self, order: SignInput, pdf: bytes, signed_at: datetime) -> SignedFile:
        """Store the file, then the row; an attempt that was faster wins and its file stands."""
        address = await self._door.objects.put(order.dossier_code, pdf)
        mine = SignedFile(address, signed_at)
        async with self._door.sessions.begin() as session:
            return await store.record_signed(session, order.dossier_code, order.version, mine, sha256(pdf).hexdigest())
