"""The test certificate authority, remote signing service and time stamp (identity_and_documents.md §3).

Its clients send digests and get signatures; a private key never leaves this process.
Environment: PORT, HOST, LEDGER_FILE, STATE_DIR (keys and certificates), SECRETS_DIR/signing_token, FAULTS_FILE.
"""

import base64
import os
from datetime import UTC, datetime
from pathlib import Path as FolderPath
from typing import Annotated

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from fastapi import FastAPI, Path, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from deploy.simulators._authority import Authority, Kind, pem
from deploy.simulators._stage import Entry, Ledger, Mischief, Problem, bearer, own_url, props, secret, serve, stage

SIGNER_CODE = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Asked(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    signer: str = Field(pattern=SIGNER_CODE)
    kind: Kind


class SignRequest(Asked):
    digest: Digest
    """SHA-256 of the DER-encoded CMS signed attributes, in hex: this is what gets signed."""
    document_hash: Digest
    """SHA-256 of the document before signing, in hex: what the ledger names and the key is bound to."""
    idempotency_key: str = Field(min_length=1, max_length=255)


class SignAnswer(BaseModel):
    signature: str
    """DER-encoded ECDSA signature, in base64."""
    chain_pem: str
    signed_at: str


class RevokeRequest(Asked):
    revoked_at: AwareDatetime | None = None


class Signatures:
    """Answers by idempotency key, recovered from the ledger.

    Same key, same digest: the first answer. Same key and document, other digest: the first answer was lost before it
    was stored and the attributes were made again; signed again, and the ledger says `repeated`. Anything else: 409.
    """

    def __init__(self, authority: Authority, ledger: Ledger) -> None:
        self._authority, self._ledger = authority, ledger
        self._given = {e["idempotency_key"]: e for e in ledger.entries() if e["kind"] == "signed"}

    def sign(self, asked: SignRequest) -> SignAnswer:
        given = self._given.get(asked.idempotency_key)
        if given and self._subject(given) != (asked.document_hash, asked.signer, asked.kind):
            raise Problem(409, "idempotency-key-reused", "this key was used for another document or signer")
        holder = self._authority.signer(asked.kind, asked.signer)
        if given is None or given["digest"] != asked.digest:
            if self._authority.revoked_at(holder.certificate.serial_number):
                raise Problem(409, "certificate-revoked", "the signer's certificate is revoked")
            raw = holder.key.sign(bytes.fromhex(asked.digest), ec.ECDSA(Prehashed(SHA256())))
            given = self._given[asked.idempotency_key] = self._ledger.write(
                "signed",
                **asked.model_dump(exclude={"kind"}),
                signer_kind=asked.kind,
                signature=base64.b64encode(raw).decode(),
                repeated=given is not None,
            )
        chain = pem(*self._authority.chain(holder)).decode()
        return SignAnswer(signature=given["signature"], chain_pem=chain, signed_at=given["at"])

    @staticmethod
    def _subject(entry: Entry) -> tuple[str, str, str]:
        return entry["document_hash"], entry["signer"], entry["signer_kind"]


def build(authority: Authority, ledger: Ledger, mischief: Mischief, token: str) -> FastAPI:
    app = stage("signing-authority", ledger, mischief)
    signatures = Signatures(authority, ledger)

    @app.post("/sign")
    async def sign(request: Request, asked: SignRequest) -> SignAnswer:
        bearer(request, token)
        return signatures.sign(asked)

    @app.post("/revoke")
    async def revoke(request: Request, asked: RevokeRequest) -> dict[str, str]:
        bearer(request, token)
        holder, at = authority.signer(asked.kind, asked.signer), asked.revoked_at or datetime.now(UTC)
        authority.revoke(holder, at)
        ledger.write("revoked", signer=asked.signer, signer_kind=asked.kind, revoked_at=at.isoformat())
        return {"serial_number": f"{holder.certificate.serial_number:x}"}

    _add_public(app, authority)
    return app


def _add_public(app: FastAPI, authority: Authority) -> None:
    """What anyone may read: certificates, what was revoked, and the time."""

    @app.get("/certificates/{kind}/{signer}")
    async def chain(kind: Kind, signer: Annotated[str, Path(pattern=SIGNER_CODE)]) -> Response:
        return Response(pem(*authority.chain(authority.signer(kind, signer))), media_type="application/x-pem-file")

    @app.get("/ca.pem")
    async def root() -> Response:
        return Response(pem(authority.root.certificate), media_type="application/x-pem-file")

    @app.get("/crl.der")
    async def revocation_list() -> Response:
        return Response(authority.revocation_list(authority.issuing), media_type="application/pkix-crl")

    @app.get("/root.crl.der")
    async def root_revocation_list() -> Response:
        return Response(authority.revocation_list(authority.root), media_type="application/pkix-crl")

    @app.post("/ocsp")
    async def status(request: Request) -> Response:
        try:
            answer = authority.status(await request.body())
        except ValueError as error:
            raise Problem(400, "invalid-input", "not a status request") from error
        return Response(answer, media_type="application/ocsp-response")

    @app.post("/tsa")
    async def time_stamp(request: Request) -> Response:
        from deploy.simulators._timestamp import StampRefusedError, stamp

        try:
            answer = stamp(await request.body(), authority.stamp, authority.chain(authority.stamp))
        except StampRefusedError as error:
            raise Problem(400, "invalid-input", str(error)) from error
        return Response(answer, media_type="application/timestamp-reply")


def main() -> None:
    ledger, mischief = props()
    authority = Authority(FolderPath(os.environ["STATE_DIR"]), own_url())
    serve(build(authority, ledger, mischief, secret("signing_token")))


if __name__ == "__main__":
    main()
