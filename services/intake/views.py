"""What intake shows: the catalogue, papers, a dossier, its progress. Pure shapes; sentences and labels made here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Self

from pydantic import BaseModel, ConfigDict

from services.intake.rules import completeness
from services.intake.rules.feedback import Said
from services.intake.rules.forms import Printed, number_of, title_of
from services.intake.rules.notices import Way
from services.intake.rules.remarks import Remark
from services.intake.rules.reuse import Held
from services.intake.store.documents import Document
from services.intake.store.notices import Notice, State
from services.intake.store.records import Lookup
from shared.catalogue import lookup
from shared.catalogue.model import Agency, AgencyKind, Catalogue, Exemption, FeeKind, FeeTiming, OnlineLevel, Procedure
from shared.contracts.facts import Event, Facts
from shared.contracts.feedback import FeedbackFacts
from shared.dossier.actions import Channel
from shared.dossier.codes import AgencyCode, DossierCode, FeedbackCode, ProcedureCode
from shared.dossier.feedback.acts import FeedbackAct
from shared.dossier.feedback.table import STAGES as FEEDBACK_STAGES
from shared.dossier.lifecycle import STAGES, Form, Role, Stage


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class AgencyView(_View):
    """One agency in force."""

    agency_code: AgencyCode
    name: str
    kind: AgencyKind
    parent_code: AgencyCode | None

    @classmethod
    def of(cls, agency: Agency) -> Self:
        return cls(agency_code=agency.code, name=agency.name, kind=agency.kind, parent_code=agency.parent)


class AgencyList(_View):
    """All agencies in force today."""

    agencies: tuple[AgencyView, ...]


class ComponentView(_View):
    """A paper that is asked for; `is_looked_up` = shared data are asked when it is not brought."""

    kind: str
    name: str
    required: bool
    is_looked_up: bool


class FeeView(_View):
    """A fee, or none: `amount_vnd` for one unit (page, copy), whole đồng; reduced amounts by exemption."""

    code: str
    name: str
    kind: FeeKind
    timing: FeeTiming
    amount_vnd: int
    exemptions: dict[Exemption, int]


class ProcedureView(_View):
    """A procedure as offered today."""

    procedure_code: ProcedureCode
    version: int
    name: str
    field: str
    levels: tuple[AgencyKind, ...]
    time_limit: str
    online_level: OnlineLevel
    channels: tuple[str, ...]
    post_intake: bool
    post_return: bool
    paper_result: bool
    is_e25: bool
    integrated_national: bool
    result_kind: str
    components: tuple[ComponentView, ...]
    fees: tuple[FeeView, ...]

    @classmethod
    def of(cls, catalogue: Catalogue, row: Procedure) -> Self:
        return cls(
            procedure_code=row.code,
            version=row.version,
            name=row.name,
            field=row.field,
            levels=row.levels,
            time_limit=str(row.processing_time),
            online_level=row.online_level,
            channels=tuple(Channel(number).name for number in row.channels),
            post_intake=row.post_intake,
            post_return=row.post_return,
            paper_result=row.paper_result,
            is_e25=row.e25 is not None,
            integrated_national=row.integrated_national,
            result_kind=row.result_kind,
            components=tuple(
                ComponentView(
                    kind=component.kind,
                    name=lookup.document_kind(catalogue, component.kind).name,
                    required=component.required,
                    is_looked_up=completeness.may_be_supplied(catalogue, component.kind),
                )
                for component in row.components
            ),
            fees=tuple(
                FeeView(
                    code=fee.code,
                    name=fee.name,
                    kind=fee.kind,
                    timing=fee.timing,
                    amount_vnd=fee.amount_for(),
                    exemptions=dict(fee.exemptions),
                )
                for fee in row.fees
            ),
        )


class ProcedureList(_View):
    """One page, by procedure code."""

    procedures: tuple[ProcedureView, ...]
    next_cursor: str | None = None


def offered(catalogue: Catalogue, agency_code: str | None, on: date) -> Sequence[Procedure]:
    """Procedures in force that this agency decides, or all, by code. Raises NotInCatalogue for an unknown agency."""
    rows = sorted(lookup.procedures_on(catalogue, on), key=lambda row: row.code)
    if agency_code is None:
        return rows
    agency = lookup.agency(catalogue, agency_code, on)
    return [row for row in rows if lookup.is_competent(row, agency)]


class DocumentView(_View):
    """Metadata of a stored paper. `sha256` is of the stored file, `original_sha256` of what was sent."""

    document_id: str
    kind: str
    media_type: str
    size_bytes: int
    sha256: str
    original_sha256: str
    pages: int
    uploaded_at: datetime
    digitized_at: datetime | None = None
    characters: int | None = None

    @classmethod
    def of(cls, document: Document) -> Self:
        return cls.model_validate({name: getattr(document, name) for name in cls.model_fields})


class LookupView(_View):
    """What a search for a paper that was not brought ended with; `reference` is a number or an earlier dossier."""

    kind: str
    verdict: str
    source: str
    reference: str | None
    valid_to: date | None
    looked_at: datetime

    @classmethod
    def of(cls, found: Lookup) -> Self:
        return cls.model_validate({name: getattr(found, name) for name in cls.model_fields})


class HeldPaper(_View):
    """What the State holds of one kind before anything is filed; REUSED = it must not be asked."""

    kind: str
    verdict: str
    source: str
    reference: str | None
    valid_to: date | None


class HeldPapers(_View):
    """What shared data hold for a person. `is_match`: number and name belong together; null: no register was asked."""

    is_match: bool | None
    is_away: bool
    papers: tuple[HeldPaper, ...]

    @classmethod
    def of(cls, held: Held) -> Self:
        return cls(
            is_match=held.is_match,
            is_away=held.is_away,
            papers=tuple(
                HeldPaper(
                    kind=kind,
                    verdict=found.verdict,
                    source=found.store,
                    reference=found.reference,
                    valid_to=found.valid_to,
                )
                for kind, found in held.findings.items()
            ),
        )


class CommentView(_View):
    """One note of the staff; `author` is a code."""

    at: datetime
    author: str
    role: Role
    agency_code: AgencyCode
    words: str


class CommentList(_View):
    """The notes of a dossier, oldest first."""

    comments: tuple[CommentView, ...]

    @classmethod
    def of(cls, said: Sequence[Remark]) -> Self:
        return cls(
            comments=tuple(
                CommentView(
                    at=each.at, author=each.author, role=each.role, agency_code=each.agency_code, words=each.words
                )
                for each in said
            )
        )


class FiledView(_View):
    """The receipt: keep the secret, it opens the progress page."""

    dossier_code: DossierCode
    tracking_secret: str
    facts: Facts


class DossierView(_View):
    """A dossier with its papers, for its owner, staff in scope and services."""

    facts: Facts
    documents: tuple[DocumentView, ...]
    lookups: tuple[LookupView, ...] = ()


class FactsView(_View):
    """The dossier after an act."""

    facts: Facts


class DossierList(_View):
    """One page of the caller's dossiers, by code."""

    dossiers: tuple[Facts, ...]
    next_cursor: str | None = None


class Progress(_View):
    """What anybody with the receipt may know: no name, no paper, no agency's inside (TT 01/2018 Đ16.2d)."""

    dossier_code: DossierCode
    stage: str
    portal_status: int | None
    due_at: datetime | None
    fee_owed_vnd: int

    @classmethod
    def of(cls, facts: Facts) -> Self:
        return cls(
            dossier_code=facts.dossier_code,
            stage=STAGES[facts.stage].label,
            portal_status=facts.portal_status,
            due_at=facts.due_at,
            fee_owed_vnd=facts.fee_owed_vnd,
        )


class Happening(_View):
    """One change; `label` is the stage after it, for the screen."""

    seq: int
    change: str
    at: datetime
    role: Role
    agency_code: AgencyCode | None
    from_stage: Stage | None
    to_stage: Stage
    label: str
    cause: str | None
    due_at: datetime | None


class Timeline(_View):
    """What happened to a dossier, oldest first."""

    happenings: tuple[Happening, ...]

    @classmethod
    def of(cls, events: Sequence[Event]) -> Self:
        return cls(
            happenings=tuple(
                Happening(
                    seq=event.facts.seq,
                    label=STAGES[event.change.to_stage].label,
                    due_at=event.facts.due_at,
                    **event.change.model_dump(exclude={"command_id"}),
                )
                for event in events
            )
        )


class FormView(_View):
    """One printed form: `form` asks for it, `number` is what is printed on it (empty: a plain notice)."""

    form: Form
    number: str
    title: str
    seq: int
    at: datetime


class FormList(_View):
    """The forms of a dossier, oldest first."""

    forms: tuple[FormView, ...]

    @classmethod
    def of(cls, printed: Sequence[Printed]) -> Self:
        return cls(
            forms=tuple(
                FormView(
                    form=each.form,
                    number=number_of(each.form, each.event.facts.rule_set),
                    title=title_of(each.form, each.event.facts.rule_set),
                    seq=each.event.facts.seq,
                    at=each.event.change.at,
                )
                for each in printed
            )
        )


class NoticeView(_View):
    """One message to the applicant; `seq` is the change it tells of."""

    seq: int
    change: str
    way: Way
    state: State
    at: datetime


class NoticeList(_View):
    """All messages of a dossier, oldest first."""

    notices: tuple[NoticeView, ...]

    @classmethod
    def of(cls, notices: Sequence[Notice]) -> Self:
        return cls(
            notices=tuple(
                NoticeView(seq=each.seq, change=each.change, way=each.way, state=each.state, at=each.at)
                for each in notices
            )
        )


class FeedbackGiven(_View):
    """The receipt of a feedback: keep the secret, it opens what becomes of it."""

    feedback_code: FeedbackCode
    tracking_secret: str
    facts: FeedbackFacts


class FeedbackFactsView(_View):
    """A feedback after an act."""

    facts: FeedbackFacts


class FeedbackList(_View):
    """One page, by code."""

    feedback: tuple[FeedbackFacts, ...]
    next_cursor: str | None = None


class SaidView(_View):
    """What was written with one act; `seq` is the change."""

    act: FeedbackAct
    seq: int
    at: datetime
    words: str


class FeedbackView(_View):
    """A feedback with what was written, oldest first; `acts` is what the caller may ask now."""

    facts: FeedbackFacts
    label: str
    said: tuple[SaidView, ...]
    acts: tuple[FeedbackAct, ...]

    @classmethod
    def of(cls, facts: FeedbackFacts, said: Sequence[Said], acts: Sequence[FeedbackAct]) -> Self:
        return cls(
            facts=facts,
            label=FEEDBACK_STAGES[facts.stage].label,
            said=tuple(SaidView(act=each.act, seq=each.seq, at=each.at, words=each.words) for each in said),
            acts=tuple(acts),
        )
