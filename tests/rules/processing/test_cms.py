"""The container as a library reads it: what this file writes byte for byte, asn1crypto takes apart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from asn1crypto import cms as cms_reader
from asn1crypto import tsp
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from services.processing.rules import cms

DIGEST = sha256(b"document").digest()


def certificates(serial_number: int) -> cms.Certificates:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Người ký")])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), serial_number)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=1))
        .sign(key, SHA256())
    )
    return cms.Certificates((made.public_bytes(Encoding.DER),), made.issuer.public_bytes(), serial_number)


@pytest.mark.parametrize("serial_number", [1, 127, 128, 255, 256, 2**158 + 1, 2**159 - 1])
def test_the_container_reads_back(serial_number: int) -> None:
    signer = certificates(serial_number)
    attributes = cms.signed_attributes(DIGEST, signer)
    token = cms.der(cms.SEQUENCE, b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02")
    container = cms_reader.ContentInfo.load(cms.signed_data(signer, attributes, b"signature", token), strict=True)

    content = container["content"]
    info = content["signer_infos"][0]
    assert container["content_type"].native == "signed_data"
    assert content["encap_content_info"]["content"].native is None
    assert [each.chosen.dump() for each in content["certificates"]] == list(signer.chain)
    assert info["sid"].chosen["serial_number"].native == serial_number
    assert info["sid"].chosen["issuer"].dump() == signer.issuer
    assert info["signature"].native == b"signature"
    assert info["digest_algorithm"]["algorithm"].native == "sha256"
    assert info["signature_algorithm"]["algorithm"].native == "sha256_ecdsa"
    signed = {attribute["type"].native: attribute["values"][0].native for attribute in info["signed_attrs"]}
    assert signed["content_type"] == "data"
    assert signed["message_digest"] == DIGEST
    assert signed["signing_certificate_v2"]["certs"][0]["cert_hash"] == sha256(signer.chain[0]).digest()
    assert info["signed_attrs"].untag().dump(force=True) == attributes
    assert [attribute["type"].native for attribute in info["unsigned_attrs"]] == ["signature_time_stamp_token"]


@pytest.mark.parametrize("nonce", [0, 127, 128, 2**63 - 1])
def test_a_time_stamp_request_reads_back(nonce: int) -> None:
    asked = tsp.TimeStampReq.load(cms.time_stamp_request(b"signature", nonce), strict=True)
    assert asked["nonce"].native == nonce
    assert asked["cert_req"].native is True
    assert asked["message_imprint"]["hashed_message"].native == sha256(b"signature").digest()


@pytest.mark.parametrize("length", [0, 1, 127, 128, 255, 256, 65_536])
def test_lengths_are_written_as_der_wants(length: int) -> None:
    value = cms_reader.OctetString.load(cms.der(cms.OCTETS, bytes(length)), strict=True)
    assert value.native == bytes(length)
    assert value.dump(force=True) == cms.der(cms.OCTETS, bytes(length))
