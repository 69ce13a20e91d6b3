"""The national population database and the registers behind it: which papers a person has (identity §1, §5).

The people are made up: everything follows from the personal id alone (and today's date for papers that run out), so
the same question always gets the same answer and no list of people is kept.
Environment: PORT, HOST, LEDGER_FILE, SECRETS_DIR/population_token, FAULTS_FILE. The ledger's `lookup` lines carry the
last three digits of an id, never a name.
"""

from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from itertools import count
from typing import Annotated, NamedTuple
from unicodedata import normalize
from zoneinfo import ZoneInfo

from fastapi import FastAPI, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from deploy.simulators._stage import Ledger, Mischief, bearer, props, secret, serve, stage

LOCAL_TIME = ZoneInfo("Asia/Ho_Chi_Minh")
SOURCE_VERSION = "csdlqg-2026.1"
FOUND_PER_CENT = 60
FIRST_REGISTER_DAY = date(2010, 1, 1)

PersonalId = Annotated[str, StringConstraints(pattern=r"^0(0[1-9]|[1-8]\d|9[0-6])\d{9}$")]
"""Place of birth 001–096, century and sex, year of birth, six digits; no check digit (NĐ 137/2015/NĐ-CP)."""


class Paper(NamedTuple):
    """A kind of paper: who issues it and for how many days it holds (None: for good)."""

    issuer: str
    valid_days: int | None = None


PAPERS = {
    "GIAY-CHUNG-SINH": Paper("Cơ sở khám bệnh, chữa bệnh"),
    "GIAY-BAO-TU": Paper("Cơ sở khám bệnh, chữa bệnh"),
    "GKS": Paper("Ủy ban nhân dân cấp xã"),
    "GCN-KH": Paper("Ủy ban nhân dân cấp xã"),
    "XN-HN": Paper("Ủy ban nhân dân cấp xã", 183),
    "TL-KT": Paper("Ủy ban nhân dân cấp xã"),
    "TL": Paper("Ủy ban nhân dân cấp xã"),
    "LLTP": Paper("Sở Tư pháp"),
    "GCN-HKD": Paper("Cơ quan đăng ký kinh doanh cấp huyện"),
    "GCN-DN": Paper("Phòng Đăng ký kinh doanh"),
    "GCN-QSDD": Paper("Văn phòng đăng ký đất đai"),
    "GPXD": Paper("Sở Xây dựng", 365),
    "XN-KT": Paper("Ủy ban nhân dân cấp xã"),
    "GCN-HN": Paper("Ủy ban nhân dân cấp xã", 365),
    "GPLX": Paper("Sở Giao thông vận tải", 3652),
    "GPLD": Paper("Sở Lao động - Thương binh và Xã hội", 730),
    "CCCD": Paper("Cục Cảnh sát quản lý hành chính về trật tự xã hội"),
    "CT": Paper("Công an cấp xã"),
}
"""Kinds that a register holds (identity §4.4); declarations (TK-*, DON-*, GDN-*) are in no register."""

FAMILY_NAMES = "Nguyễn Trần Lê Phạm Huỳnh Hoàng Phan Vũ Võ Đặng Bùi Đỗ Hồ Ngô Dương Lý".split()  # noqa: SIM905  short
MIDDLE_NAMES = ("Văn Hữu Đức Minh Quốc Thanh".split(), "Thị Ngọc Thu Thanh Mỹ Kim".split())  # noqa: SIM905  short
GIVEN_NAMES = (
    "An Bình Cường Dũng Hải Hùng Khang Lâm Long Nam Phúc Quân Sơn Tài Thành Tuấn".split(),  # noqa: SIM905  short
    "Ánh Đào Dung Hà Hạnh Hoa Hương Lan Liên Mai Nga Ngân Oanh Phượng Thảo Yến".split(),  # noqa: SIM905  short
)


class Owner(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    personal_id: PersonalId
    name: str | None = None
    """When given it must agree with the register, or nothing is shown: the id may be somebody else's."""


class LookupRequest(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    owner: Owner
    kinds: list[Annotated[str, StringConstraints(pattern=r"^[A-Z0-9-]{1,40}$")]] = Field(max_length=50)
    purpose: str = Field(min_length=1, max_length=200)
    dossier_code: str = Field(min_length=1, max_length=40)


class Document(BaseModel):
    kind: str
    number: str
    issued_on: date
    valid_to: date | None
    issuer: str
    status: str
    """ACTIVE or EXPIRED, as of the answer's local day."""


class LookupAnswer(BaseModel):
    match: bool
    fields_confirmed: list[str]
    request_no: str
    source_version: str
    time: datetime
    documents: list[Document]


class Person(BaseModel):
    personal_id: str
    name: str
    sex: str
    birth_year: int
    birth_place_code: str


def chance(personal_id: str, about: str) -> int:
    """A number that follows from the id and the subject alone."""
    return int.from_bytes(sha256(f"{personal_id}/{about}".encode()).digest()[:6])


def person(personal_id: str) -> Person:
    century, sex = divmod(int(personal_id[3]), 2)
    names = (FAMILY_NAMES, MIDDLE_NAMES[sex], GIVEN_NAMES[sex])
    chosen = [part[chance(personal_id, f"name-{n}") % len(part)] for n, part in enumerate(names)]
    return Person(
        personal_id=personal_id,
        name=" ".join(chosen),
        sex="FEMALE" if sex else "MALE",
        birth_year=1900 + 100 * century + int(personal_id[4:6]),
        birth_place_code=personal_id[:3],
    )


def document(personal_id: str, kind: str, today: date) -> Document | None:
    """The person's newest paper of this kind, or None: about 60 % of those asked for exist."""
    paper = PAPERS.get(kind)
    if paper is None or chance(personal_id, kind) % 100 >= FOUND_PER_CENT:
        return None
    number, phase = chance(personal_id, f"{kind}-number"), chance(personal_id, f"{kind}-day")
    if paper.valid_days is None:
        born_on = date(person(personal_id).birth_year, 1, 1)
        issued_on = min(max(FIRST_REGISTER_DAY + timedelta(days=phase % 5000), born_on), today)
        valid_to = None
    else:
        # Renewed a little late each time, so that about one in five has run out.
        period = paper.valid_days * 5 // 4
        issued_on = today - timedelta(days=(today.toordinal() - phase) % period)
        valid_to = issued_on + timedelta(days=paper.valid_days)
    is_over = valid_to is not None and valid_to < today
    return Document(
        kind=kind,
        number=f"{number % 1_000_000:06d}/{issued_on.year}/{kind}",
        issued_on=issued_on,
        valid_to=valid_to,
        issuer=paper.issuer,
        status="EXPIRED" if is_over else "ACTIVE",
    )


def same_name(one: str, other: str) -> bool:
    return normalize("NFC", one).casefold().split() == normalize("NFC", other).casefold().split()


def build(ledger: Ledger, mischief: Mischief, token: str) -> FastAPI:
    app = stage("population-database", ledger, mischief)
    numbers = count(1 + sum(entry["kind"] == "lookup" for entry in ledger.entries()))

    @app.post("/lookup")
    async def lookup(request: Request, asked: LookupRequest) -> LookupAnswer:
        bearer(request, token)
        owner, now = asked.owner, datetime.now(UTC)
        match = owner.name is None or same_name(owner.name, person(owner.personal_id).name)
        today = now.astimezone(LOCAL_TIME).date()
        papers = [document(owner.personal_id, kind, today) for kind in dict.fromkeys(asked.kinds)] if match else []
        found = [paper for paper in papers if paper]
        request_no = f"{today:%Y%m%d}-{next(numbers):07d}"
        ledger.write(
            "lookup",
            request_no=request_no,
            dossier_code=asked.dossier_code,
            purpose=asked.purpose,
            owner_last_digits=owner.personal_id[-3:],
            kinds=asked.kinds,
            match=match,
            found=[paper.kind for paper in found],
        )
        return LookupAnswer(
            match=match,
            fields_confirmed=[] if not match else ["personal_id", "name"] if owner.name else ["personal_id"],
            request_no=request_no,
            source_version=SOURCE_VERSION,
            time=now,
            documents=found,
        )

    @app.post("/person")
    async def made_up_person(request: Request, owner: Owner) -> Person:
        """For bots, which must file under the name that the register knows."""
        bearer(request, token)
        return person(owner.personal_id)

    return app


def main() -> None:
    ledger, mischief = props()
    serve(build(ledger, mischief, secret("population_token")))


if __name__ == "__main__":
    main()
