"""Rules of the house that no type checker knows. Each failure says how to repair it."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, get_type_hints

import pytest
from fastapi import FastAPI, Request, UploadFile
from pydantic import TypeAdapter

from deploy.documents import ROOT, SERVICES, documents
from shared.contracts import delivery, intake, payment, processing, publication
from shared.contracts.facts import EVENT_TYPE, TOPIC, Event, headers_of, value_of
from shared.contracts.feedback import FeedbackEvent
from shared.dossier.lifecycle import CHANGES
from shared.platform.catalogue import load_catalogue
from shared.web.app import application
from shared.web.identity import public, routes_of, undeclared_routes

OURS: Final = ("deploy", "services", "shared", "tests", "workflows")
CONTRACTS: Final = {
    "intake": intake.IntakeActivities,
    "processing": processing.ProcessingActivities,
    "payment": payment.PaymentActivities,
    "delivery": delivery.DeliveryActivities,
}
FILES: Final = frozenset(
    "__main__ settings pages api callbacks activities consumer commands private_api acts views store".split()  # noqa: SIM905 - a list of names reads best as words
)
FOLDERS: Final = frozenset({"adapters", "rules", "migrations", "templates", "static", "forms"})
OLD_EVENTS: Final = Path(__file__).parent / "old_events"


def tracked() -> list[Path]:
    """Files that a clone would hold, new ones that are not ignored included."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\0")
    return [path for name in names if name and (path := ROOT / name).is_file()]


def modules() -> Iterator[tuple[Path, ast.Module]]:
    """Our Python files, by path from the root, with their syntax trees."""
    for path in tracked():
        place = path.relative_to(ROOT)
        if path.suffix == ".py" and place.parts[0] in OURS:
            yield place, ast.parse(path.read_text(), str(place))


def calls(tree: ast.AST, *names: str) -> Iterator[ast.Call]:
    """Calls of something that ends in one of these names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in names:
                yield node


def activities_of(holder: object) -> dict[str, Any]:
    """Activity name → function, of a contract or of an implementing class."""
    found = {}
    for _, function in inspect.getmembers(holder, inspect.isfunction):
        definition = getattr(function, "__temporal_activity_definition", None)
        if definition:
            found[definition.name] = function
    return found


# --- the workflow and its activities ----------------------------------------------------------------------------------


@pytest.mark.parametrize("service", CONTRACTS)
def test_each_activity_of_a_contract_is_done_by_one_class(service: str) -> None:
    module = importlib.import_module(f"services.{service}.activities")
    classes = [each for _, each in inspect.getmembers(module, inspect.isclass) if each.__module__ == module.__name__]
    promised = activities_of(CONTRACTS[service])
    done = [(name, function) for each in classes for name, function in activities_of(each).items()]
    assert sorted(name for name, _ in done) == sorted(promised), (
        f"services/{service}/activities.py must implement each activity of shared/contracts/{service}.py exactly once,"
        " under the same @activity.defn name, and nothing else"
    )
    for name, function in done:
        assert get_type_hints(function) == get_type_hints(promised[name]), (
            f"{name}: give it the types that shared/contracts/{service}.py promises"
        )
    queue = importlib.import_module(f"shared.contracts.{service}").TASK_QUEUE
    assert queue == service, f"the queue of services/{service} is called {service}"
    main = (ROOT / f"services/{service}/__main__.py").read_text()
    assert "TASK_QUEUE" in main, f"services/{service}/__main__.py must start a worker on TASK_QUEUE of its contract"


def test_publication_is_the_workflow_worker_s_own() -> None:
    from workflows import publication as done

    classes = [each for _, each in inspect.getmembers(done, inspect.isclass) if each.__module__ == done.__name__]
    promised = activities_of(publication.Publication)
    assert [sorted(activities_of(each)) for each in classes if activities_of(each)] == [sorted(promised)], (
        "workflows/publication.py implements shared/contracts/publication.py, once"
    )


def test_activities_are_called_in_steps_alone() -> None:
    names = [f"execute_{kind}activity{way}" for kind in ("", "local_") for way in ("", "_method", "_class")]
    names += [name.replace("execute", "start") for name in names]
    strangers = [
        f"{place}:{call.lineno}"
        for place, tree in modules()
        if place.parts[0] in {"workflows", "services", "shared"} and place != Path("workflows/steps.py")
        for call in calls(tree, *names)
    ]
    assert strangers == [], f"move these calls into a function of workflows/steps.py: {strangers}"


def test_each_step_names_queue_timeout_retry_and_summary() -> None:
    tree = ast.parse((ROOT / "workflows/steps.py").read_text())
    for call in calls(tree, "execute_activity_method", "execute_activity"):
        given = {keyword.arg for keyword in call.keywords}
        wanted = {"task_queue", "start_to_close_timeout", "retry_policy", "activity_id", "summary"}
        assert wanted <= given, f"workflows/steps.py:{call.lineno} does not say {sorted(wanted - given)}"


# --- doors ------------------------------------------------------------------------------------------------------------


def app_of(service: str) -> FastAPI:
    """The whole application of a service, over nothing but a catalogue: it is looked at, never called."""
    nothing: Any = None
    main = importlib.import_module(f"services.{service}.__main__")
    match service:
        case "intake":
            from services.intake import api

            return api.attach(application(title="", version="", readiness={}, environment="local"), None)
        case "processing":
            from services.processing import api as console
            from services.processing import pages

            return pages.attach(console.build(None, identity=None, readiness={}, environment="local"), None)
        case "metrics":
            app: FastAPI = main.build(SimpleNamespace(catalogue=load_catalogue()))
        case _:
            app = main.app_of(nothing, identity=None, readiness={}, environment="local")
    return app


@pytest.mark.parametrize("service", SERVICES)
def test_every_route_says_who_may_call_it(service: str) -> None:
    app = app_of(service)
    assert len(app.openapi()["paths"]) >= 1
    assert undeclared_routes(app) == [], (
        "write @allows(<act or right>) and take a caller(...), or @public(<reason>), over each of these routes"
    )


def test_a_route_that_says_nothing_would_be_seen() -> None:
    app = application(title="", version="", readiness={}, environment="local")

    @app.get("/forgotten")
    async def forgotten() -> None: ...

    assert undeclared_routes(app) == ["GET /forgotten"]


LIMITED: Final = re.compile(
    r"sign-in|unlock|tracking|callbacks|export|search|/held|certificate|register|[.]csv|"
    r"POST (/api/documents|/desk/.*(papers|counter|file))$"
)
"""What SR-18 names, as it stands in `METHOD /path`: signing in, tracking, uploads, callbacks, export, search."""


def unbounded(app: FastAPI) -> list[str]:
    """Routes that need a limit, or a reason why not, and have neither."""
    found = []
    for route in routes_of(app):
        name = f"{'|'.join(route.methods)} {route.path}"
        is_open = isinstance(route.declares, str) and route.takes_input
        if (is_open or LIMITED.search(name) or route.takes_files) and not route.limit:
            found.append(name)
    return found


@pytest.mark.parametrize("service", SERVICES)
def test_what_can_be_guessed_or_is_dear_has_a_limit(service: str) -> None:
    assert unbounded(app_of(service)) == [], (
        "write @limited(<a limit of shared/web/limits.py>) or @unlimited(<reason>) over each of these routes"
    )


def test_a_route_without_a_limit_would_be_seen() -> None:
    app = application(title="", version="", readiness={}, environment="local")

    @app.get("/fixed")
    @public("nothing to guess")
    async def fixed() -> None: ...

    @app.get("/things/{thing}")
    @public("a code in the path")
    async def thing(thing: str) -> None: ...

    @app.get("/raw")
    @public("reads the request itself")
    async def raw(request: Request) -> None: ...

    @app.post("/photo")
    async def photo(file: UploadFile) -> None: ...

    @app.get("/list.csv")
    async def table() -> None: ...

    assert unbounded(app) == ["GET /list.csv", "POST /photo", "GET /raw", "GET /things/{thing}"]


@pytest.mark.parametrize("service", SERVICES)
def test_every_process_counts_limits_and_sweeps_them(service: str) -> None:
    main = (ROOT / f"services/{service}/__main__.py").read_text()
    for part in ("Limits.of(settings,", "limits=limits", "limits.duty()"):
        assert part in main, f"services/{service}/__main__.py: wire the limits as the other services do ({part})"


# --- the house --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("service", SERVICES)
def test_services_have_the_same_files_for_the_same_jobs(service: str) -> None:
    folder = ROOT / "services" / service
    parts = {path.relative_to(folder).parts[0] for path in tracked() if path.is_relative_to(folder)}
    files = {Path(part).stem for part in parts if part.endswith(".py")} - {"__init__"}
    folders = {part for part in parts if "." not in part}
    assert files <= FILES, f"services/{service}: {sorted(files - FILES)} are no file names of this house"
    assert folders <= FILES | FOLDERS, f"services/{service}: {sorted(folders - FILES - FOLDERS)} are no folders of it"
    assert {"__main__", "settings"} <= files, f"services/{service} lacks __main__.py or settings.py"
    charter = (folder / "__init__.py").read_text()
    assert ast.get_docstring(ast.parse(charter)), f"services/{service}/__init__.py is the charter: say what it owns"
    assert all(word in charter for word in ("Owns", "ublishes", "ust not")), (
        f"services/{service}/__init__.py must say what it owns, what it publishes and what it must not"
    )
    assert len(ast.parse(charter).body) == 1, f"services/{service}/__init__.py holds the charter and no code"
    for path in folder.rglob("*.py"):
        assert path.read_text().strip(), f"{path.relative_to(ROOT)} is empty: delete it"


def test_clocks_know_their_zone_and_nobody_prints() -> None:
    wrong = []
    for place, tree in modules():
        for call in calls(tree, "now", "utcnow", "fromtimestamp", "utcfromtimestamp", "print"):
            line = (ROOT / place).read_text().splitlines()[call.lineno - 1]
            name = getattr(call.func, "attr", getattr(call.func, "id", ""))
            is_clock = isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value).endswith("datetime")
            naive = is_clock and (name.startswith("utc") or len(call.args) + len(call.keywords) < 1 + ("from" in name))
            printed = name == "print" and isinstance(call.func, ast.Name) and "# noqa: T201 - " not in line
            if naive or (printed and place.parts[0] != "tests"):
                wrong.append(f"{place}:{call.lineno}")
    assert wrong == [], f"datetime.now(UTC) instead of a naive clock, a log or the console instead of print: {wrong}"


REGISTRIES: Final = re.compile(
    "(py[p]i[.]o|python[h]osted|[n]pmjs[.]|[y]arnpkg[.]|(proxy|sum)[.][g]olang|rep[o]1?[.]maven|[m]aven[.]org"
    "|de[b][.]debian|crate[s][.]i)"
)
"""Written so that this file does not name them either."""
MACHINE: Final = re.compile(r"(?<![\w.\]}>)*])/(?:root|home/[a-z]\w*|Users/\w+|work/[a-z]\w*|tmp/\w+)/")


def test_no_file_names_a_registry_or_somebody_s_machine() -> None:
    found: list[str] = []
    for path in tracked():
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue  # a picture
        place = path.relative_to(ROOT)
        found += [f"{place}: {name.group()}" for name in REGISTRIES.finditer(text)]
        found += [f"{place}:{number}: a path of one machine" for number, line in enumerate(text.splitlines(), 1)
                  if MACHINE.search(line)]  # fmt: skip
    assert found == [], f"indexes belong into the user's own settings, paths are relative to the repository: {found}"


# --- what is told -----------------------------------------------------------------------------------------------------


def test_generated_documents_are_what_the_code_says() -> None:
    stale = [
        str(path.relative_to(ROOT))
        for path, text in documents().items()
        if not path.exists() or path.read_text() != text
    ]
    assert stale == [], f"run `make golden` and commit {stale} with the reason"


def test_every_change_is_in_the_event_document() -> None:
    told = json.loads((ROOT / "docs/asyncapi.json").read_text())
    types = told["channels"]["facts"]["messages"]["fact"]["headers"]["properties"]["ce_type"]["enum"]
    missing = {EVENT_TYPE.format(change=change) for change in CHANGES.values()} - set(types)
    assert not missing, f"run `make golden`: docs/asyncapi.json does not know {sorted(missing)}"
    assert told["channels"]["facts"]["address"] == TOPIC


def free_strings(schema: Mapping[str, Any], where: str = "") -> Iterator[str]:
    """Places of a JSON schema that would take any text."""
    if schema.get("type") == "string" and not schema.keys() & {"pattern", "enum", "const", "format"}:
        yield where
    for name, part in schema.items():
        if isinstance(part, Mapping):
            yield from free_strings(part, f"{where}/{name}")
        elif isinstance(part, list):
            for number, each in enumerate(part):
                if isinstance(each, Mapping):
                    yield from free_strings(each, f"{where}/{name}/{number}")


@pytest.mark.parametrize("model", [Event, FeedbackEvent, delivery.CarrierEvent], ids=lambda model: str(model.__name__))
def test_events_hold_no_free_text(model: type) -> None:
    found = list(free_strings(TypeAdapter(model).json_schema(mode="serialization")))
    assert found == [], f"give these fields a pattern or a closed list: free text has room for a person: {found}"


def test_free_text_would_be_seen() -> None:
    assert list(free_strings({"properties": {"note": {"anyOf": [{"type": "string"}, {"type": "null"}]}}})) == [
        "/properties/note/anyOf/0"
    ]


@pytest.mark.parametrize("path", sorted(OLD_EVENTS.rglob("*.json")), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_old_events_still_parse(path: Path) -> None:
    """Records of former releases: never change these files, change the code so that it reads them."""
    record = json.loads(path.read_text())
    event = Event.model_validate_json(json.dumps(record["value"]))
    assert f"{event.facts.dossier_code}/{event.facts.seq}" == record["headers"]["ce_id"]
    assert event.facts.dossier_code == record["key"]
    assert event.facts.stage == record["value"]["facts"]["stage"]
    assert EVENT_TYPE.format(change=event.change.change) == record["headers"]["ce_type"]
    # What was known then is still told now; new fields may join it.
    assert Event.model_validate_json(value_of(event)) == event
    now = event.model_dump(mode="json")
    assert now["facts"].items() >= record["value"]["facts"].items()
    assert now["change"].items() >= record["value"]["change"].items()
    assert set(record["headers"]) <= {name for name, _ in headers_of(event, record["headers"]["traceparent"])}
