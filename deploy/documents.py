"""Documents made from code, so that they cannot differ from it: schemas, AsyncAPI, OpenAPI, the README's diagram."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter

from shared.contracts import delivery, facts, feedback
from shared.dossier.feedback import table as feedback_table
from shared.dossier.lifecycle import CHANGES, MOVES, STAGES, Landing, Stage

ROOT: Final = Path(__file__).parent.parent
SERVICES: Final = ("intake", "processing", "payment", "delivery", "metrics")
BEGIN: Final = "<!-- lifecycle: made by `make golden` -->"
END: Final = "<!-- /lifecycle -->"


def documents() -> Mapping[Path, str]:
    """Path → text of every committed document that code decides."""
    return {
        ROOT / "docs/schemas/dossier-facts.v1.json": _json(_schema(facts.Event, facts.SCHEMA)),
        ROOT / "docs/schemas/carrier-event.v1.json": _json(
            _schema(delivery.CarrierEvent, "https://motcua.vn/schemas/carrier-event.v1.json")
        ),
        ROOT / "docs/schemas/feedback-facts.v1.json": _json(_schema(feedback.FeedbackEvent, feedback.SCHEMA)),
        ROOT / "docs/asyncapi.json": _json(asyncapi()),
        **{ROOT / f"services/{name}/openapi.json": _json(_openapi(name)) for name in SERVICES},
        ROOT / "README.md": _with_diagram((ROOT / "README.md").read_text()),
    }


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def _schema(model: type, address: str) -> dict[str, Any]:
    schema = TypeAdapter(model).json_schema(mode="serialization", ref_template="#/$defs/{model}")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": address, **schema}


def _openapi(name: str) -> dict[str, Any]:
    document: dict[str, Any] = importlib.import_module(f"services.{name}.api").document()
    return document


def asyncapi() -> dict[str, Any]:
    """AsyncAPI 3.0 of all topics: who publishes what under which key, CloudEvents 1.0 in binary mode."""
    headers: dict[str, Any] = {
        "type": "object",
        "required": ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_subject", "ce_time", "content-type"],
        "properties": {
            "ce_specversion": {"const": "1.0"},
            "ce_id": {
                "type": "string",
                "description": "<dossier or feedback code>/<seq>; a carrier event's message id",
            },
            "ce_source": {"type": "string"},
            "ce_type": {"type": "string"},
            "ce_subject": {"type": "string", "description": "dossier or feedback code, also the record's key"},
            "ce_time": {"type": "string", "format": "date-time", "description": "business time"},
            "ce_dataschema": {"type": "string", "format": "uri"},
            "traceparent": {"type": "string"},
            "content-type": {"const": "application/json"},
        },
    }

    def message(title: str, types: list[str], schema: str) -> dict[str, Any]:
        described = headers["properties"] | {"ce_type": {"enum": types}}
        return {
            "title": title,
            "contentType": "application/json",
            "headers": headers | {"properties": described},
            "payload": {"schemaFormat": "application/schema+json;version=draft-2020-12", "schema": {"$ref": schema}},
        }

    changes = sorted(facts.EVENT_TYPE.format(change=change) for change in CHANGES.values())
    said = sorted(feedback.EVENT_TYPE.format(change=change) for change in feedback_table.CHANGES.values())
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Một Cửa events",
            "version": "1.0.0",
            "description": "Facts, not deltas: newest seq per code wins; duplicates and reordering are harmless.",
        },
        "defaultContentType": "application/json",
        "channels": {
            "facts": {
                "address": facts.TOPIC,
                "messages": {"fact": message("DossierFact", changes, "schemas/dossier-facts.v1.json")},
            },
            "feedback": {
                "address": feedback.TOPIC,
                "messages": {"fact": message("FeedbackFact", said, "schemas/feedback-facts.v1.json")},
            },
            "carrierEvents": {
                "address": delivery.TOPIC,
                "messages": {"scan": message("CarrierEvent", [delivery.EVENT_TYPE], "schemas/carrier-event.v1.json")},
            },
        },
        "operations": {
            "publishFacts": {"action": "send", "channel": {"$ref": "#/channels/facts"}, "title": "workflows"},
            "readFacts": {
                "action": "receive",
                "channel": {"$ref": "#/channels/facts"},
                "title": "intake, processing, metrics",
            },
            "publishFeedback": {"action": "send", "channel": {"$ref": "#/channels/feedback"}, "title": "workflows"},
            "readFeedback": {
                "action": "receive",
                "channel": {"$ref": "#/channels/feedback"},
                "title": "intake, metrics",
            },
            "publishScans": {"action": "send", "channel": {"$ref": "#/channels/carrierEvents"}, "title": "delivery"},
            "readScans": {"action": "receive", "channel": {"$ref": "#/channels/carrierEvents"}, "title": "delivery"},
        },
    }


def diagram() -> str:
    """The lifecycle as a Mermaid state diagram, drawn from the table; acts that stay where they are are left out."""
    lines = ["```mermaid", "stateDiagram-v2", "    direction LR"]
    lines += [f"    {stage}: {stage}<br/>{meaning.label}" for stage, meaning in STAGES.items()]
    edges: dict[tuple[str, str], list[str]] = {}
    for (stage, act), move in MOVES.items():
        if move.to is not Landing.SAME:
            edges.setdefault((str(stage) if stage else "[*]", _drawn(move.to)), []).append(act)
    for (stage_name, to), acts in edges.items():
        if to == Landing.BEFORE:
            lines.append(f"    note right of {stage_name}: {', '.join(acts)} leads back to the stage before")
        else:
            lines.append(f"    {stage_name} --> {to}: {', '.join(acts)}")
    lines += [f"    {stage} --> [*]" for stage in Stage if STAGES[stage].is_end]
    return "\n".join([*lines, "```"])


def _drawn(to: Stage | Landing) -> str:
    return str(Stage.PROCESSING if to is Landing.LAST_ANSWER else to)


def _with_diagram(readme: str) -> str:
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{diagram()}\n{END}{after}"
