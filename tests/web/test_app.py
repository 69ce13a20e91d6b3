"""Every answer is a problem or the thing itself, carries the headers of SR-17, and never repeats what was typed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from shared.dossier.permission import Kind
from shared.web.app import application, openapi_document
from shared.web.guard import API_POLICY, HEADERS

NAME = "Nguyễn Văn A 079123456789"


def problem(response: httpx.Response) -> dict[str, Any]:
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["type"] == f"https://motcua.vn/problems/{body['code']}"
    assert body["status"] == response.status_code
    assert len(body["trace_id"]) == 32
    assert "079123456789" not in response.text
    return body


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/healthz", 200),
        ("/readyz", 200),
        ("/metrics", 200),
        ("/openapi.json", 200),
        ("/api/dossier", 200),
        ("/api/elsewhere", 303),
        ("/api/work/x", 401),
        ("/api/refused", 409),
        ("/api/bug", 500),
        ("/api/away", 503),
        ("/nowhere/at/all", 404),
        ("/docs", 404),
    ],
)
async def test_every_answer_carries_the_security_headers(client: httpx.AsyncClient, path: str, status: int) -> None:
    response = await client.get(path)
    assert response.status_code == status
    assert response.headers["content-security-policy"] == API_POLICY
    assert {name: response.headers[name] for name in HEADERS} == dict(HEADERS)
    assert "server" not in response.headers


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "malformed_json"),
        (b"\xff\xfe", 400, "malformed_json"),
        (b"", 422, "invalid"),
        (b"[]", 422, "invalid"),
        (b'{"full_name": 5}', 422, "invalid"),
    ],
)
async def test_a_wrong_body_is_malformed_or_invalid(
    client: httpx.AsyncClient, body: bytes, status: int, code: str
) -> None:
    response = await client.post("/api/dossiers", content=body, headers={"content-type": "application/json"})
    assert (response.status_code, problem(response)["code"]) == (status, code)


async def test_fields_are_named_but_their_values_are_not_repeated(client: httpx.AsyncClient) -> None:
    wrong = {"full_name": NAME, "papers": [{"kind": NAME, "pages": 0}, {"kind": "A"}], NAME: 1, "extra": 2}
    body = problem(await client.post("/api/dossiers", json=wrong))
    assert "Nguyễn" not in str(body)
    assert body["errors"] == [
        {"pointer": "#/papers/0/kind", "message": "Không đúng mẫu."},
        {"pointer": "#/papers/0/pages", "message": "Quá nhỏ."},
        {"pointer": "#/papers/1/pages", "message": "Bắt buộc phải có."},
        {"pointer": "#/?", "message": "Trường này không được nhận."},
        {"pointer": "#/extra", "message": "Trường này không được nhận."},
    ]


@pytest.mark.parametrize(
    ("languages", "title"),
    [
        ("", "Nội dung chưa hợp lệ"),
        ("en-GB,en;q=0.9", "Understood but wrong"),
        ("vi,en;q=0.5", "Nội dung chưa hợp lệ"),
        ("fr", "Nội dung chưa hợp lệ"),
    ],
)
async def test_problems_speak_vietnamese_unless_english_is_preferred(
    client: httpx.AsyncClient, languages: str, title: str
) -> None:
    response = await client.post("/api/dossiers", json={}, headers={"Accept-Language": languages})
    assert problem(response)["title"] == title


async def test_a_refusal_names_what_is_allowed_instead(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/refused")
    body = problem(response)
    assert (body["code"], body["detail"], body["allowed"]) == ("not_open", "Hồ sơ đã kết thúc.", ["withdraw", "sign"])


@pytest.mark.parametrize(("path", "seconds"), [("/api/away", "9"), ("/api/database", "5")])
async def test_weather_is_503_with_a_time_to_try_again(client: httpx.AsyncClient, path: str, seconds: str) -> None:
    response = await client.get(path)
    assert (response.status_code, response.headers["retry-after"], problem(response)["code"]) == (503, seconds, "away")


async def test_a_bug_is_a_500_and_a_siblings_odd_no_a_502_without_details(client: httpx.AsyncClient) -> None:
    assert problem(await client.get("/api/bug")).keys() == {"type", "title", "status", "instance", "code", "trace_id"}
    assert problem(await client.get("/api/answered"))["status"] == 502


async def test_an_unknown_path_and_method_are_problems(client: httpx.AsyncClient) -> None:
    assert problem(await client.get("/nowhere/at/all"))["code"] == "not_found"
    response = await client.delete("/api/dossiers")
    assert (response.headers["allow"], problem(response)["code"]) == ("GET, POST", "method_not_allowed")


async def chunks(size: int, taken: list[int]) -> AsyncIterator[bytes]:
    for _ in range(size // 100):
        taken.append(100)
        yield b"x" * 100


async def test_a_body_beyond_the_limit_is_refused_whatever_length_it_claims(client: httpx.AsyncClient) -> None:
    announced = await client.post("/api/dossiers", content=b"x" * 1001)
    taken: list[int] = []
    streamed = await client.post("/api/dossiers", content=chunks(1_000_000, taken))
    for response in (announced, streamed):
        assert (response.status_code, problem(response)["limit_bytes"]) == (413, 1000)
    assert sum(taken) <= 1200


async def test_an_upload_has_its_own_limit(client: httpx.AsyncClient) -> None:
    fits = await client.post("/api/documents", files={"file": ("a.pdf", b"x" * 4000)})
    assert fits.json() == {"size": 4000}
    assert (await client.post("/api/documents", files={"file": ("a.pdf", b"x" * 5001)})).status_code == 413


async def test_a_trace_that_was_begun_outside_goes_on(client: httpx.AsyncClient) -> None:
    trace = f"00-{'a' * 32}-{'b' * 16}-01"
    assert problem(await client.get("/api/refused", headers={"traceparent": trace}))["trace_id"] == "a" * 32


async def test_readiness_names_the_part_that_cannot_work() -> None:
    async def works() -> None: ...

    async def fails() -> None:
        raise ConnectionError("postgresql://intake:word@host")

    app = application(title="T", version="1", readiness={"database": works, "broker": fails}, environment="local")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        response = await client.get("/readyz")
        assert (await client.get("/healthz")).status_code == 200
    assert response.status_code == 503
    assert response.json() == {"status": "failed", "checks": {"database": "ok", "broker": "failed"}}


async def test_figures_count_routes_not_dossiers(client: httpx.AsyncClient) -> None:
    await client.get("/api/work/000.00.06.H39-230110-0007")
    await client.request("BREW", "/api/dossier")
    figures = (await client.get("/metrics")).text
    assert 'motcua_http_requests_total{method="GET",route="/api/work/{agency_code}",status="401"}' in figures
    assert 'motcua_build_info{title="Test",version="1.0.0"} 1.0' in figures
    assert "H39-230110" not in figures
    assert "BREW" not in figures


def test_the_document_names_owners_and_problems(app: FastAPI) -> None:
    document = openapi_document(app)
    assert document["openapi"].startswith("3.1")
    assert document["paths"]["/api/work/{agency_code}"]["get"]["x-allowed"] == ["read_worklist"]
    assert openapi_document(app) == document
    assert "/healthz" not in document["paths"]
    for operations in document["paths"].values():
        for operation in operations.values():
            assert "application/problem+json" in operation["responses"]["default"]["content"]
            assert "422" not in operation["responses"]
    assert "HTTPValidationError" not in str(document)


async def test_only_the_right_kind_with_the_right_agency_passes(
    client: httpx.AsyncClient, bearer: Callable[..., dict[str, str]]
) -> None:
    path = "/api/work/000.00.06.H39"
    mine = bearer(Kind.STAFF, ("CLERK", "000.00.06.H39"))
    assert (await client.get(path, headers=mine)).json() == {"person": "cb-0001"}
    for headers, status, code in (
        ({}, 401, "not_signed_in"),
        ({"Authorization": "Basic eDp5"}, 401, "not_signed_in"),
        ({"Authorization": mine["Authorization"][:-4]}, 401, "not_signed_in"),
        (bearer(Kind.CITIZEN), 403, "kind_not_allowed"),
        (bearer(Kind.STAFF), 404, "dossier_unknown"),
        (bearer(Kind.STAFF, ("CLERK", "000.00.07.H39")), 404, "dossier_unknown"),
    ):
        response = await client.get(path, headers=headers)
        assert (response.status_code, problem(response)["code"]) == (status, code)
    assert (await client.get(path)).headers["www-authenticate"].startswith("Bearer ")
