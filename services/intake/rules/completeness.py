"""What a filing must bring before it gets a code: an offered procedure, its papers, a way back (lifecycle §4)."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StringConstraints

from services.intake.rules.person import Person
from shared.catalogue import lookup
from shared.catalogue.lookup import NotInCatalogue
from shared.catalogue.model import Catalogue, Component, Exemption, Source, Terms
from shared.dossier import actions
from shared.dossier.actions import ApplicantType, Channel, Paper, ReturnWay
from shared.dossier.codes import AgencyCode, DocumentKind, ProcedureCode
from shared.dossier.refusal import Refused
from shared.dossier.working_time import LOCAL
from shared.dossier.written import Instant

DocumentId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
MOST_PAPERS: Final = 30

_SAID: Final = {
    "unknown_procedure": "Không có thủ tục này trong danh mục.",
    "unknown_agency": "Không có cơ quan này trong danh mục.",
    "wrong_agency": "Cơ quan này không có thẩm quyền giải quyết thủ tục; vui lòng chọn cơ quan khác.",
    "channel_closed": "Thủ tục này không tiếp nhận theo hình thức đã chọn.",
    "unknown_rules": "Ngày này chưa có quy định về một cửa trong danh mục.",
    "unknown_document": "Không có loại giấy tờ này trong danh mục.",
}


class NotFileable(Refused):
    """Understood, but this cannot become a dossier as it is."""

    status = 422


class DocumentGiven(BaseModel):
    """A component with the uploaded file that it is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: DocumentKind
    document_id: DocumentId


class FilingForm(BaseModel):
    """What is filed, by whatever channel. `guided`: online filing and post were explained; `assisted`: somebody helped.

    `posted_at` and `minutes_signed_at` belong to the post: its date stamp, and when the consignment was signed over.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    procedure_code: ProcedureCode
    agency_code: AgencyCode
    channel: Literal["ONLINE", "IN_PERSON", "POST"]
    applicant_type: Literal["CITIZEN", "ENTERPRISE", "STATE_AGENCY", "OTHER"] = "CITIZEN"
    applicant: Person
    return_way: ReturnWay
    documents: Annotated[tuple[DocumentGiven, ...], Field(max_length=MOST_PAPERS)] = ()
    guided: StrictBool = False
    assisted: StrictBool = False
    exemption: Exemption | None = None
    posted_at: Instant | None = None
    minutes_signed_at: Instant | None = None


def received_on(form: FilingForm, today: date) -> date:
    """The day whose catalogue holds: for the post that of its minutes (QĐ 45/2016/QĐ-TTg Điều 7.4), else today."""
    if form.channel == "POST" and form.minutes_signed_at is not None:
        return form.minutes_signed_at.astimezone(LOCAL).date()
    return today


def promised(catalogue: Catalogue, form: FilingForm, on: date) -> Terms:
    """The catalogue's promises on the day of filing. Raises NotFileable."""
    try:
        return lookup.terms(
            catalogue, form.procedure_code, form.agency_code, Channel[form.channel], on, exemption=form.exemption
        )
    except NotInCatalogue as missing:
        raise refused_by_catalogue(missing) from missing


def refused_by_catalogue(missing: NotInCatalogue) -> NotFileable:
    """The catalogue's no, in words for people."""
    return NotFileable(missing.code, _SAID[missing.code])


def papers(catalogue: Catalogue, form: FilingForm, on: date) -> tuple[Paper, ...]:
    """The papers that were brought. Raises NotFileable for a paper too many, twice, or one that nobody can supply."""
    asked = {component.kind: component for component in _components(catalogue, form, on)}
    brought = [given.kind for given in form.documents]
    if len(set(brought)) < len(brought) or len({given.document_id for given in form.documents}) < len(brought):
        raise NotFileable("document_twice", "Mỗi thành phần hồ sơ nộp một tệp.")
    if unasked := [kind for kind in brought if kind not in asked]:
        raise NotFileable("document_not_asked", f"Thủ tục không yêu cầu: {', '.join(unasked)}.")
    missing = [
        kind
        for kind, component in asked.items()
        if component.required and kind not in brought and not may_be_supplied(catalogue, kind)
    ]
    if missing:
        raise NotFileable("components_missing", f"Còn thiếu thành phần hồ sơ: {', '.join(missing)}.")
    return tuple(Paper(kind=kind, filed=True) for kind in brought)


def may_be_supplied(catalogue: Catalogue, kind: str) -> bool:
    """Whether shared data or an earlier result may hold the paper, so that it need not be asked (NĐ 47/2020 Đ9.3)."""
    paper = lookup.document_kind(catalogue, kind)
    return paper.reusable and (is_in_register(catalogue, kind) or any(results_of(catalogue, kind)))


def looked_up(catalogue: Catalogue, procedure_code: str, on: date) -> tuple[str, ...]:
    """The kinds of this procedure that shared data or an earlier result may hold. Raises NotInCatalogue."""
    asked = lookup.procedure(catalogue, procedure_code, on).components
    return tuple(each.kind for each in asked if may_be_supplied(catalogue, each.kind))


def is_in_register(catalogue: Catalogue, kind: str) -> bool:
    """Whether a connected outside source keeps this kind of paper."""
    paper = lookup.document_kind(catalogue, kind)
    return paper.reusable and paper.source in set(catalogue.connected_sources) - {Source.WAREHOUSE}


def results_of(catalogue: Catalogue, kind: str) -> tuple[str, ...]:
    """Codes of the procedures whose result is this kind of paper, whatever their version."""
    return tuple(dict.fromkeys(row.code for row in catalogue.procedures if row.result_kind == kind))


def check_way_back(form: FilingForm, terms: Terms) -> None:
    """Raises NotFileable when the result could not reach its owner that way."""
    if form.return_way is ReturnWay.POST:
        if not terms.post_return:
            raise NotFileable("return_way_closed", "Thủ tục này không trả kết quả qua bưu chính công ích.")
        if form.applicant.address is None:
            raise NotFileable("address_missing", "Cần địa chỉ nhận kết quả qua bưu chính.")
    if form.return_way is ReturnWay.ELECTRONIC and form.channel != "ONLINE":
        raise NotFileable("return_way_closed", "Kết quả điện tử chỉ trả vào tài khoản đã nộp trực tuyến.")


def filing_action(form: FilingForm, terms: Terms, brought: tuple[Paper, ...]) -> actions.AnyAction:
    """The act that files this form. Raises NotFileable when the postal times are missing or out of order."""
    given = {
        "terms": terms,
        "channel": Channel[form.channel],
        "applicant_type": ApplicantType[form.applicant_type],
        "return_way": form.return_way,
        "papers": brought,
        "assisted": form.assisted,
        "guided": form.guided,
    }
    if form.channel == "ONLINE":
        return actions.Submit.model_validate(given)
    if form.channel == "IN_PERSON":
        return actions.RegisterAtDesk.model_validate(given)
    if form.posted_at is None or form.minutes_signed_at is None or form.minutes_signed_at < form.posted_at:
        raise NotFileable("postal_times", "Cần ngày gửi và giờ ký biên bản giao nhận bưu gửi, theo đúng thứ tự.")
    times = {"posted_at": form.posted_at, "minutes_signed_at": form.minutes_signed_at}
    return actions.RegisterFromPost.model_validate(given | times)


def _components(catalogue: Catalogue, form: FilingForm, on: date) -> tuple[Component, ...]:
    return lookup.procedure(catalogue, form.procedure_code, on).components
