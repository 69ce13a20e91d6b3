"""Calls every operation of an OpenAPI document with data that it allows and with data that it forbids.

A service's `test_openapi.py` says who calls and which codes are known there; schemathesis makes one test an operation.
Deterministic: the same code is asked the same questions. `CASES` asks more of them (`make nightly`).
"""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import httpx
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import Failure
from schemathesis.core.parameters import ParameterLocation
from schemathesis.schemas import BaseSchema

CASES: Final = int(os.environ.get("CASES", "10"))
PATIENT: Final = settings(deadline=None, suppress_health_check=list(HealthCheck))
"""No time limit for an example, and one world for all examples of an operation, which is what the fixtures make."""

type Case = schemathesis.Case[Any]

_BASE: Final = "http://service"
_numbers = itertools.count(1)
_A_CODE: Final = "000.00.02.H39-230110-0007"
_HOSTILE: Final = (
    b'"\\u0000"',
    b'"\\ud800"',
    b"1e999",
    b"9" * 5000,
    b"NaN",
    b"-0.0",
    b"[" * 90 + b"]" * 90,
    b"{}",
    b"null",
)
_ROUGH: Final = (
    b"", b"{", b"\xff\xfe{}", b"\xef\xbb\xbf{}", b"[]", b"0", b'"', b"null", b"[" * 100_000, b'{"a":' * 100_000,
)  # fmt: skip
_NOT_VALID: Final = "Not a valid value."
_MANNERS: Final = frozenset({400, 404, 405, 406, 409, 412, 413, 415, 422, 428})
"""How data that the document forbids are refused."""
_CONFORMS: Final = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
_CHECKS: Final = (
    *_CONFORMS,
    "negative_data_rejection",
    "missing_required_header",
    "unsupported_method",
    "allow_header_conformance",
)


def contract(document: Mapping[str, Any], **generation: Any) -> BaseSchema:
    """The document as a maker of tests; `generation`: settings of schemathesis that differ."""
    made = {"deterministic": True, "database": "none", "max-examples": CASES, "with-security-parameters": False}
    accepted = [str(status) for status in sorted(_MANNERS)]
    checks = {name: {"expected-statuses": accepted} for name in ("negative_data_rejection", "missing_required_header")}
    config = SchemathesisConfig.from_dict(
        {"seed": 1, "base-url": _BASE, "generation": made | generation, "checks": checks}
    )
    return schemathesis.openapi.from_dict(dict(document), config=config)


def needs_credentials(document: Mapping[str, Any]) -> BaseSchema:
    """The operations that need a token, each asked once with data that the document allows."""
    made = contract(document, mode="positive", **{"max-examples": 1})
    made.config.phases.coverage.enabled = False
    return made.include(func=lambda given: given.operation.definition.raw["security"] == [{"token": []}])


async def answers_as_documented(
    case: Case, http: httpx.AsyncClient, headers: Mapping[str, str], known: Mapping[str, Any]
) -> None:
    """Sends the case as somebody who may call, about what is there, and compares the answer with the document.

    `known`: name of a parameter or field → a value that exists; it takes the place of a made-up one that is allowed.
    """
    _tell(case, {"idempotency-key": f"case-{next(_numbers)}", **known})
    answer = await _sent(case, http, headers)
    case.validate_response(answer, checks=[*_named(_CHECKS), _good_data_are_understood])


async def refuses_rough_bodies(
    document: Mapping[str, Any], http: httpx.AsyncClient, headers: Callable[[str], Mapping[str, str]]
) -> None:
    """What is no JSON, or JSON that no language agrees on, gets a problem of the caller's, never a 500.

    `headers`: path → credentials. Generated data are clean Unicode, so these are written by hand.
    """
    for path, operations in document["paths"].items():
        content = operations.get("post", {}).get("requestBody", {}).get("content", {})
        if asked := content.get("application/json"):
            model = document["components"]["schemas"][asked["schema"]["$ref"].rsplit("/", 1)[1]]
            for body in (*_ROUGH, *(_filled(model["properties"], value) for value in _HOSTILE)):
                given = {"Content-Type": "application/json", "Idempotency-Key": "rough", **headers(path)}
                answer = await http.post(re.sub(r"{\w+}", _A_CODE, path), content=body, headers=given)
                assert answer.status_code in _MANNERS - {405}, (path, body[:40], answer.text)
                assert answer.headers["content-type"] == "application/problem+json"


def _filled(names: Iterable[str], value: bytes) -> bytes:
    return b"{%s}" % b",".join(b'"%s":%s' % (name.encode(), value) for name in names)


async def refuses_strangers(case: Case, http: httpx.AsyncClient) -> None:
    """Sends the case without credentials."""
    answer = await _sent(case, http, {})
    case.validate_response(answer, checks=[*_named(_CONFORMS), _is_refused])


async def _sent(case: Case, http: httpx.AsyncClient, headers: Mapping[str, str]) -> httpx.Response:
    asked = requests.Request(
        **case.as_transport_kwargs(base_url=_BASE, headers={"Accept-Language": "en", **headers})
    ).prepare()
    raw = [(_bytes(name), _bytes(value)) for name, value in asked.headers.items()]
    return await http.request(str(asked.method), str(asked.url), headers=raw, content=_bytes(asked.body or b""))


def _named(names: Sequence[str]) -> list[Any]:
    load_all_checks()
    return list(CHECKS.get_by_names(list(names)))


def _bytes(text: Any) -> bytes:
    """Headers and bodies as requests prepared them: already bytes, or text of one byte a letter."""
    return text.encode("latin-1") if isinstance(text, str) else bytes(text)


def _is_refused(ctx: Any, response: Any, case: Case) -> None:
    if response.status_code != 401 or "www-authenticate" not in response.headers:
        raise Failure(operation=case.operation.label, title="A stranger came in", message=response.text)


def _good_data_are_understood(ctx: Any, response: Any, case: Case) -> None:
    """Data that the document allows are refused by rules, each with a code of its own, never for their shape.

    A check of ours may say more than a schema can (a name has letters, a number's place exists): it says `_NOT_VALID`.
    """
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if response.status_code in {200, 201, 204, 403, 404, 409}:
        return
    problem = response.json()
    if response.status_code == 400 and problem["code"] == "cursor_invalid":  # opaque: only we can tell
        return
    if response.status_code == 422:
        said = {each["message"] for each in problem.get("errors", [])}
        if problem["code"] != "invalid" or said == {_NOT_VALID}:
            return
    raise Failure(
        operation=case.operation.label,
        title="Good data were refused",
        message=f"{response.status_code} {response.text}",
    )


def _tell(case: Case, known: Mapping[str, Any]) -> None:
    for location, values in (
        (ParameterLocation.PATH, case.path_parameters),
        (ParameterLocation.QUERY, case.query),
        (ParameterLocation.HEADER, case.headers),
    ):
        if case.meta is None or not case.meta.is_negative_at(location):
            for name in [each for each in values if each.lower() in known]:
                values[name] = known[name.lower()]
    if case.meta is None or not case.meta.is_negative_at(ParameterLocation.BODY):
        case.body = _told(case.body, known)
    case.body = _whole(case.body)


def _told(value: Any, known: Mapping[str, Any]) -> Any:
    if isinstance(value, dict):
        return {
            key: known[key] if key in known and part is not None else _told(part, known) for key, part in value.items()
        }
    return [_told(part, known) for part in value] if isinstance(value, list) else value


def _whole(value: Any) -> Any:
    """JSON Schema takes 1.0 for an integer, our strict border does not (style §5): numbers go out as we ask."""
    if isinstance(value, dict):
        return {key: _whole(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_whole(part) for part in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
