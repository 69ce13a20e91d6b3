"""What applicants are told: every change of the table is told or deliberately not, in words that travel safely."""

from __future__ import annotations

from datetime import timedelta
from email import message_from_bytes, policy
from functools import cache
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.adapters.messengers import composed
from services.intake.rules.notices import (
    LONGEST_PAUSE,
    SAID,
    SMS_LENGTH,
    Message,
    Way,
    is_news,
    message,
    pause,
    unaccented,
    ways_of,
    words_of,
)
from services.intake.rules.person import Person
from shared.catalogue.model import Catalogue
from shared.contracts.facts import Event, event_of
from shared.dossier.actions import About, ReturnWay
from shared.dossier.codes import LONGEST
from shared.dossier.lifecycle import CHANGES, MOVES, STAGES, Act, Landing
from shared.dossier.state import Dossier
from shared.platform.catalogue import load_catalogue
from tests.builders import AT, CODE
from tests.cells import TIMED, ring, walk, way_to

TOLD: Final = frozenset(
    {
        Act.SUBMIT, Act.REGISTER_AT_DESK, Act.REGISTER_FROM_POST, Act.ASK_COMPLETION, Act.COMPLETE, Act.LAPSE,
        Act.ASK_PRE_FEE, Act.FEE_PAID, Act.FEE_LAPSE, Act.REJECT, Act.ACCEPT, Act.ACCEPT_AND_FINISH, Act.FORWARD,
        Act.TRANSFER, Act.ASK_SUPPLEMENT, Act.SUPPLEMENT_DELIVERED, Act.SUPPLEMENT_EXPIRED, Act.ASK_FINANCIAL_DUTY,
        Act.DUTY_PAID, Act.NUMBER_AND_ISSUE, Act.SEND_APOLOGY, Act.WITHDRAW, Act.ASK_WITHDRAW, Act.CONFIRM_WITHDRAW,
        Act.DENY_WITHDRAW, Act.STOP, Act.NOTIFY_READY, Act.HAND_OVER, Act.DELIVER_ELECTRONIC, Act.DISPATCH,
        Act.DELIVERED, Act.CAME_BACK, Act.OPEN_CORRECTION, Act.TRANSFER_COMPETENCE,
    }
)  # fmt: skip
NOT_TOLD: Final = frozenset(
    {
        # the machine's own notes on papers, parcels and files
        Act.RECORD_DIGITIZED, Act.RECORD_REUSED, Act.RECORD_SIGNATURE, Act.RECORD_PARCEL,
        # who does the work inside the offices, and with whom they talk
        Act.ROUTE_UNKNOWN, Act.ASSIGN, Act.CLAIM, Act.REASSIGN, Act.RECORD_VERIFICATION, Act.CONSULT,
        Act.ANSWER_CONSULT, Act.CONSULT_OVERDUE, Act.GO_ON,
        # a result in the making, which may still be sent back
        Act.PROPOSE, Act.APPROVE_DRAFT, Act.SEND_BACK, Act.SIGN, Act.DECLINE_SIGNATURE,
        # halves of decisions, and delays before the apology that a person signs
        Act.ASK_EXTENSION, Act.MARK_OVERDUE, Act.EXPLAIN_OVERDUE, Act.ASK_STOP, Act.ASK_OVERRIDE, Act.OVERRIDE,
    }
)  # fmt: skip
CATALOGUE: Final[Catalogue] = load_catalogue()
SITE, PHONE = "https://dichvucong.example", "02723000000"
PERSON: Final = Person.model_validate(
    {
        "full_name": "Nguyễn Thị Đào",
        "personal_id": "080190123456",
        "phone": "0901234567",
        "email": "dao.nguyen@example.vn",
        "address": "12 đường Hùng Vương, phường Tân An",
    }
)


@cache
def told_event(act: Act) -> Event:
    """The event of this act, from a dossier that lived up to it."""
    stage, move = next((stage, move) for (stage, each), move in MOVES.items() if each is act)
    way = way_to(stage, act, min(move.by))
    dossier = Dossier(dossier_code=CODE, root_code=way.opening.root_code if way.opening else CODE)
    steps = way.steps[:-1] if act in TIMED else way.steps
    at = AT if stage is None else walk(dossier, way.filing, steps)
    if act in TIMED:
        while dossier.last_change is None or dossier.last_change.change != CHANGES[act]:
            timer = dossier.next_timer
            assert timer is not None
            ring(dossier, timer.at)
    else:
        dossier.take(way.asked or way.filing, at)
    event = event_of(dossier)
    assert event.change.change == CHANGES[act]
    return event


def said(event: Event, way: Way) -> Message:
    written = message(event, way, ways_of(PERSON)[way], CATALOGUE, SITE, PHONE)
    assert written is not None
    return written


def at_its_longest(event: Event, return_way: ReturnWay) -> Event:
    """The same with the longest code, notice number and sums that can be."""
    facts: dict[str, Any] = event.facts.model_dump() | {
        "dossier_code": ("H39" + ".123" * 8)[:35] + "-261231-999999",
        "fee_owed_vnd": 9_999_999_999,
        "paid_vnd": 9_999_999_999,
        "duty_notice": "1" * 60 if event.facts.duty_notice else None,
        "return_way": return_way,
        "asked": event.facts.asked and ("TK-LLTP",) * 30,
    }
    return Event.model_validate({"change": event.change.model_dump(), "facts": facts})


def test_every_change_is_told_or_deliberately_not() -> None:
    assert not TOLD & NOT_TOLD
    assert TOLD | NOT_TOLD | {Act.REMIND} == set(CHANGES)
    assert set(SAID) == {CHANGES[act] for act in TOLD}


def test_every_change_of_the_portal_s_status_is_told() -> None:
    """NĐ 224/2026 Đ15.1g (unverified); where a move leads is the table's to say."""
    shown = {
        act
        for (stage, act), move in MOVES.items()
        if move.to is Landing.BEFORE
        or (not isinstance(move.to, Landing) and (stage is None or STAGES[stage].portal != STAGES[move.to].portal))
    }
    assert shown <= TOLD
    assert len(shown) > 20


@pytest.mark.parametrize("about", About)
def test_of_reminders_only_the_fee_s_is_for_the_applicant(about: About) -> None:
    event = told_event(Act.REMIND)
    change = event.change.model_copy(update={"cause": about.lower()})
    assert bool(words_of(event.model_copy(update={"change": change}))) == (about is About.FEE)


def test_the_fee_is_reminded_of_in_a_life_as_it_is_lived() -> None:
    way = way_to(*_lapse())
    dossier = Dossier(dossier_code=CODE, root_code=CODE)
    at = walk(dossier, way.filing, way.steps[:-1])
    timer = dossier.next_timer
    assert timer is not None
    ring(dossier, timer.at)
    text = said(event_of(dossier), Way.SMS).text
    assert text == f"Nhac ong/ba: ho so {CODE} cho nop 200.000 dong phi, le phi truoc 09:30 20/01/2023."
    assert at < timer.at


def _lapse() -> tuple[Any, Act, Any]:
    stage, move = next((stage, move) for (stage, act), move in MOVES.items() if act is Act.FEE_LAPSE)
    return stage, Act.FEE_LAPSE, min(move.by)


@pytest.mark.parametrize("return_way", ReturnWay)
@pytest.mark.parametrize("act", sorted(TOLD))
def test_an_sms_is_ascii_and_never_two(act: Act, return_way: ReturnWay) -> None:
    longest = at_its_longest(told_event(act), return_way)
    assert len(longest.facts.dossier_code) == LONGEST
    for event in (told_event(act), longest):
        text = said(event, Way.SMS).text
        assert text.isascii()
        assert text.isprintable()
        assert len(text) <= SMS_LENGTH, f"{len(text)}: {text}"
        assert event.facts.dossier_code in text
        assert not set("{}") & set(text)
        assert "None" not in text


@pytest.mark.parametrize("act", sorted(TOLD))
def test_a_mail_says_what_when_where_and_whom_to_call_and_names_nobody(act: Act) -> None:
    event = told_event(act)
    mail = said(event, Way.MAIL)
    assert mail.subject.endswith(f" – {event.facts.dossier_code}")
    assert mail.text.startswith("Kính gửi ông/bà,\n\n")
    for part in (
        "Thủ tục: Cấp Phiếu lý lịch tư pháp", "Cơ quan giải quyết: Sở ", "Nộp: 09:30 10/01/2023",
        f"{SITE}/tra-cuu/{event.facts.dossier_code}", f"ông/bà gọi {PHONE}",
    ):  # fmt: skip
        assert part in mail.text
    assert ("Giấy tờ cần nộp:\n- " in mail.text) == (act in (Act.ASK_COMPLETION, Act.ASK_SUPPLEMENT))
    assert not any(word in mail.text for word in ("None", "{", "}", "vui lòng", "!", "TK-LLTP"))
    for written in (mail, said(event, Way.SMS)):
        for own in (PERSON.full_name, PERSON.personal_id, PERSON.phone[3:], str(PERSON.email), str(PERSON.address)):
            assert own not in written.text + written.subject


def test_a_letter_as_it_reads() -> None:
    assert said(told_event(Act.ASK_SUPPLEMENT), Way.MAIL).text == (
        "Kính gửi ông/bà,\n\n"
        f"Hồ sơ {CODE} cần bổ sung 1 giấy tờ trước 09:30 09/02/2023; khi đủ sẽ hẹn lại ngày trả kết quả.\n\n"
        "Giấy tờ cần nộp:\n- Tờ khai yêu cầu cấp Phiếu lý lịch tư pháp\n\n"
        f"Mã hồ sơ: {CODE}\n"
        "Thủ tục: Cấp Phiếu lý lịch tư pháp cho công dân Việt Nam\n"
        "Cơ quan giải quyết: Sở Tư pháp\n"
        "Nộp: 09:30 10/01/2023\n"
        "Tiếp nhận: 09:30 10/01/2023\n\n"
        f"Theo dõi hồ sơ: {SITE}/tra-cuu/{CODE} (cần mã tra cứu trên giấy tiếp nhận).\n\n"
        "Cần hỏi thêm, ông/bà gọi 02723000000 hoặc đến Bộ phận Một cửa của Sở Tư pháp.\n\n"
        "Thư này được gửi tự động, ông/bà không cần trả lời.\n"
    )


def test_the_result_s_content_is_not_told() -> None:
    granted = told_event(Act.NUMBER_AND_ISSUE)
    refused = granted.model_copy(update={"facts": granted.facts.model_copy(update={"outcome": "REFUSED"})})
    for way in Way:
        assert said(granted, way) == said(refused, way)


def test_who_cannot_be_written_to_is_not() -> None:
    assert ways_of(PERSON) == {Way.MAIL: "dao.nguyen@example.vn", Way.SMS: "+84901234567"}
    at_home = PERSON.model_copy(update={"phone": "+842723123456", "email": None})
    assert ways_of(at_home) == {}, "a landline takes no SMS"


@pytest.mark.parametrize(
    "address",
    [
        "a@b.vn\r\nBcc: c@d.vn", "a\nb@c.vn", "a,b@c.vn", "a;b@c.vn", "a:b@c.vn", "(a)b@c.vn", "a\x00b@c.vn",
        "a\x7fb@c.vn", "đào@example.vn", ".a@b.vn", "a..b@c.vn", "a b@c.vn", "a@b", "a@b.vn\n", "<a@b.vn>",
    ],
)  # fmt: skip
def test_an_address_that_is_more_than_one_address_gets_no_mail(address: str) -> None:
    assert Way.MAIL not in ways_of(PERSON.model_copy(update={"email": address}))


@given(st.text())
def test_whatever_somebody_gave_adds_no_header_and_no_recipient(text: str) -> None:
    to = ways_of(PERSON.model_copy(update={"email": text + "@example.vn"})).get(Way.MAIL)
    if to is None:
        return
    mail = composed(Message(to, "Đã nhận hồ sơ", "Kính gửi ông/bà,\n"), "Một cửa <khong@motcua.example>", "a.1.mail")
    read = message_from_bytes(mail.as_bytes(), policy=policy.default)
    assert [name for name, _ in read.items()] == [
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Type",
        "Content-Transfer-Encoding", "MIME-Version",
    ]  # fmt: skip
    assert [address.addr_spec for address in read["To"].addresses] == [to]
    assert mail.as_bytes().isascii()
    assert read.get_content().splitlines() == ["Kính gửi ông/bà,"]


@pytest.mark.parametrize("broken", [Message("a@b.vn", "x\r\nBcc: c@d.vn", ""), Message("a@b.vn, c@d.vn", "x", "")])
def test_a_broken_header_is_never_composed(broken: Message) -> None:
    with pytest.raises((ValueError, IndexError)):
        composed(broken, "khong@motcua.example", "a")


def test_accents_fall_and_nothing_else() -> None:
    assert unaccented("Đặng Thùy ở phường, quý 1.000\N{NO-BREAK SPACE}đồng") == "Dang Thuy o phuong, quy 1.000 dong"


def test_tries_are_further_and_further_apart_until_it_is_no_news() -> None:
    pauses = [pause(attempts) for attempts in range(1, 40)]
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[3], pauses[-1]) == (timedelta(minutes=1), timedelta(minutes=8), LONGEST_PAUSE)
    assert is_news(AT, AT + timedelta(hours=23, minutes=59))
    assert not is_news(AT, AT + timedelta(hours=24))
