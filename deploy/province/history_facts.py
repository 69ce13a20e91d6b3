"""The same bytes as `shared.contracts.facts`, ten times sooner: what changes is set in one dict per dossier.

`value_of(event_of(dossier))` validates and dumps seventy fields anew for each event; ten million times that is half an
hour. A test holds both equal byte for byte over whole lives, and a new field of `Facts` that is unknown here fails it.
"""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from typing import Any, Final

import orjson
from pydantic import BaseModel

from shared.catalogue.model import Terms
from shared.contracts.facts import EVENT_TYPE, SCHEMA, SOURCE, WAITS_FOR_APPLICANT, ConsultationFacts, Facts, PauseFacts
from shared.dossier.lifecycle import STAGES
from shared.dossier.records import Change
from shared.dossier.state import Dossier

_MADE: Final = frozenset({"agency_competent", "consultations", "new_due_on", "pauses", "portal_times"})
"""Fields of one name on both sides whose value is written in another form."""
_SAME: Final = tuple(sorted((Facts.model_fields.keys() & Dossier.model_fields.keys()) - _MADE))
_NAMES: Final = tuple(sorted(Facts.model_fields))
_same: Final = itemgetter(*_SAME)
_parts: Final = itemgetter("terms", "portal_times", "papers", "pauses", "consultations")
_REQUIRED: Final = object()


def _defaults(model: type[BaseModel]) -> dict[str, Any]:
    """Field → its default, sorted by name, lists for tuples of parts; what equals its default is left out."""
    return {
        name: _REQUIRED if row.is_required() else row.get_default(call_default_factory=True)
        for name, row in sorted(model.model_fields.items())
    }


_FACTS: Final = _defaults(Facts) | {"components": [], "consultations": [], "pauses": []}
_CHANGE: Final = _defaults(Change)
_PAUSE: Final = _defaults(PauseFacts)
_CONSULTATION: Final = _defaults(ConsultationFacts)
_AT: Final = b'"at":"'
_SOURCE, _SCHEMA = SOURCE.encode(), SCHEMA.encode()


class Teller:
    """Tells one dossier's events in the order they happen.

    A dossier only ever replaces its values, so what is still the same object is still written the same.
    """

    def __init__(self) -> None:
        self._facts: dict[str, Any] = dict.fromkeys(_NAMES)
        self._seen: tuple[object, ...] = (None,) * 5

    def value(self, dossier: Dossier) -> bytes:
        """The value of the record of its last change."""
        state, facts = dossier.__dict__, self._facts
        facts.update(zip(_SAME, _same(state), strict=True))
        self._update_parts(state, facts)
        meaning = STAGES[state["stage"]]
        facts["portal_status"], facts["clock"] = meaning.portal, meaning.clock
        facts["agency_competent"] = state["agency_competent"] or state["agency_reception"]
        facts["asked_until"] = state["patience_until"] if state["stage"] in WAITS_FOR_APPLICANT else None
        facts["population_check"] = state["population_checked"]
        facts["is_claimed"], facts["parcel_booked"] = bool(state["holder"]), bool(state["parcel_number"])
        facts["stop_asked"] = state["stop_asked_by"] is not None
        wish, extension = state["asked_override"], state["extension"]
        facts["override_asked"] = wish and wish.subject
        facts["extension_asked_at"] = extension and extension.asked_at
        facts["new_due_on"] = extension and extension.new_due_on
        facts["fee_owed_vnd"] = 0 if state["paid_at"] else facts["fee_total_vnd"]
        change = _part(state["last_change"], _CHANGE)
        told = {name: value for name, value in facts.items() if value != _FACTS[name]}
        return orjson.dumps({"change": change, "facts": told}, option=orjson.OPT_UTC_Z)

    def _update_parts(self, state: Mapping[str, Any], facts: dict[str, Any]) -> None:
        terms, times, papers, pauses, consultations = seen = _parts(state)
        before, self._seen = self._seen, seen
        if terms is not before[0]:
            facts.update(_promised(terms))
        if times is not before[1]:
            facts["portal_times"] = {str(number): at for number, at in sorted(times.items(), key=_as_text)}
        if papers is not before[2]:
            facts["components"] = [
                {"digitized": paper == "DIGITIZED", "kind": kind, "reused": paper == "REUSED"}
                for kind, paper in papers.items()
            ]
        if pauses is not before[3]:
            facts["pauses"] = [_part(pause, _PAUSE) for pause in pauses]
        if consultations is not before[4]:
            facts["consultations"] = [_part(asked, _CONSULTATION) for asked in consultations]


def headers_of(code: str, seq: int, change: str, value: bytes) -> list[tuple[str, bytes]]:
    """The headers of a record (`shared.contracts.facts.headers_of`); the time stands in the value."""
    begins = value.index(_AT) + len(_AT)
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", f"{code}/{seq}".encode()),
        ("ce_source", _SOURCE),
        ("ce_type", EVENT_TYPE.format(change=change).encode()),
        ("ce_subject", code.encode()),
        ("ce_time", value[begins : value.index(b"Z", begins)] + b"+00:00"),
        ("ce_dataschema", _SCHEMA),
        ("content-type", b"application/json"),
    ]


def _promised(terms: Terms) -> Mapping[str, Any]:
    """What facts say of the pinned terms: changes only when they are pinned anew."""
    return {
        "procedure_code": terms.procedure_code,
        "procedure_version": terms.procedure_version,
        "rule_set": terms.rule_set,
        "catalogue_version": terms.catalogue_version,
        "calendar_version": terms.calendar.version,
        "e25": terms.e25,
        "integrated_national": terms.integrated_national,
        "paper_result": terms.paper_result,
        "digitization_required": terms.digitization_required,
        "online_level": terms.online_level,
        "limit": str(terms.processing_time),
        "verification_limit": str(terms.verification_time) if terms.verification_time else "",
        "supplement_clock": terms.supplement_clock,
        "exemption": next((fee.exemption for fee in terms.fees if fee.exemption), None),
        "fee_procedure": bool(terms.fees),
        "fee_total_vnd": sum(fee.amount_vnd for fee in terms.fees),
    }


def _part(value: BaseModel, defaults: Mapping[str, Any]) -> dict[str, Any]:
    fields = value.__dict__
    return {name: found for name, default in defaults.items() if (found := fields[name]) != default}


def _as_text(item: tuple[int, Any]) -> str:
    return str(item[0])
