"""The story of one dossier, told as the directive tells it: receive, digitize, reuse, process, sign, pay, return.

Chance comes from the dossier's own seed, times from the agency's calendar and skills; staff act in office hours.
Whether an act is lawful is decided by `Dossier.take` alone.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache
from random import Random
from typing import Any, Final, NamedTuple

from deploy.province.history_plan import TET, Filing, Plan
from deploy.province.history_terms import Promises
from deploy.province.history_timed import Timed
from deploy.province.history_walker import Horizon, Told
from deploy.province.history_work import Work
from shared.catalogue.lookup import NotInCatalogue
from shared.catalogue.model import Exemption, FeeTiming, Source, Terms, Unit
from shared.dossier import actions
from shared.dossier.actions import Channel, PaidVia, Paper, ReturnWay
from shared.dossier.lifecycle import Role, Stage
from shared.dossier.working_time import DAY, after, utc

WORKING_DAY: Final = 480
"""Minutes."""
_HOUR_MS: Final = 3_600_000
_REJECTIONS: Final = ("wrong_agency", "not_eligible", "papers_forged", "not_this_procedure")
_GAPS: Final = ("blurred", "unsigned", "out_of_date", "does_not_match")


@lru_cache(maxsize=1024)
def _paper(kind: str, filed: bool) -> Paper:  # noqa: FBT001 - a cache key
    return Paper(kind=kind, filed=filed)


@lru_cache(maxsize=4096)
def _digitized(kinds: tuple[str, ...]) -> actions.RecordDigitized:
    return actions.RecordDigitized(kinds=kinds)


@lru_cache(maxsize=4096)
def _reused(found: tuple[str, ...], missing: tuple[str, ...]) -> actions.RecordReused:
    return actions.RecordReused(found=found, not_found=missing, population_checked=True)


class World(NamedTuple):
    """What every life needs."""

    plan: Plan
    promises: Promises
    horizon: datetime


class Life(Timed):
    """A walker with a filing, an agency's quality and its own chance."""

    def __init__(self, world: World, filing: Filing, *, corrects: str = "") -> None:
        code, agency_code, day = filing.code, filing.offer.agency_code, filing.at.date()
        self.calendar = world.plan.calendar(agency_code, day)
        own_seed = (world.plan.seed << 40) + 2 * filing.number + bool(corrects)
        self.chance = Random(own_seed)  # noqa: S311 - a repeatable story, not a secret
        super().__init__(code, corrects or code, agency_code, world.horizon)
        self.world, self.filing, self.offer = world, filing, filing.offer
        self.quality = world.plan.qualities[agency_code]
        self.channel, self.day = filing.channel, day
        self.is_late = self.happens(self.quality.late_share(day) * _season(day))
        self.way = self._return_way()
        self.exemption = self._exemption()
        self._horizon_ms = round(utc(world.horizon).timestamp() * 1000)
        self.quantity = 1 + min(12, int(self.chance.expovariate(0.6)))

    @property
    def from_home(self) -> bool:
        return self.channel is Channel.ONLINE

    def terms(self, on: date) -> Terms:
        return self.world.promises.terms(self.offer, self.channel, on, self.exemption, self.quantity)

    def _return_way(self) -> ReturnWay:
        draw, procedure = self.chance.random(), self.offer.procedure
        if self.from_home and draw < 0.3:  # noqa: PLR2004 - shares of the story
            return ReturnWay.ELECTRONIC
        by_post = (0.45 if self.from_home else 0.08) + 0.1 * (self.filing.at.year - 2022)
        return ReturnWay.POST if procedure.post_return and self.happens(by_post) else ReturnWay.DESK

    def _exemption(self) -> Exemption | None:
        groups = [group for fee in self.offer.procedure.fees for group in fee.exemptions]
        if Exemption.ON_TIME in groups and self.happens(0.9):
            return Exemption.ON_TIME
        return self.chance.choice(groups) if groups and self.happens(0.12) else None

    # --- the story ----------------------------------------------------------------------------------------------------

    def tell(self) -> list[Told]:
        """All its events until the horizon."""
        try:
            if self._receive() and self._process():
                self._give_result()
        except Horizon:
            pass
        return self._recorded_late() if self.happens(0.002) else self.told

    def _recorded_late(self) -> list[Told]:
        """An office without a line for some hours or days: what happened meanwhile is recorded when it is back."""
        began = self.told[self.chance.randrange(len(self.told))][0]
        back = began + self.chance.randrange(2 * _HOUR_MS, 60 * _HOUR_MS)
        told = [(back, *event[1:]) if began <= event[0] < back else event for event in self.told]
        return [event for event in told if event[0] < self._horizon_ms]

    def _receive(self) -> bool:
        """From the filing to the acceptance; False when it ends before, or at once."""
        self._file()
        if self.from_home and self.happens(0.012):
            self.does(Role.APPLICANT, actions.Withdraw(), self.at_home(0.2))
            return False
        if self.happens(0.014):
            self.does(Role.CLERK, actions.Reject(cause=self.chance.choice(_REJECTIONS)), self.office(self._answer()))
            return False
        if not (self._complete() and self._pay_before()):
            return False
        at = self.office(self._answer())
        on = self.day if self.channel is Channel.POST else at.date()
        try:
            promised = self.terms(on)
        except NotInCatalogue:  # what was filed in time is taken in on the promises of that day
            promised = self.terms(self.day)
        if self._is_answered_on_the_spot():
            self._pay(at)
            finished = actions.AcceptAndFinish(terms=promised, result_code=self.result_code(at))
            self.does(Role.CLERK, finished, max(at, self.office(2)))
            return False
        self.does(Role.CLERK, actions.Accept(terms=promised), at)
        return True

    def _answer(self) -> float:
        """Working minutes until a clerk answers: at the desk at once, online within the day or, sometimes, not."""
        if not self.from_home:
            return 12
        return self.chance.expovariate(1 / (45 + 240 * (1 - self.quality.exact) ** 3)) + 8

    def _file(self) -> None:
        offer, at = self.offer.procedure, self.filing.at
        reuses = self.quality.reuse_share(self.day)
        papers = []
        for part in offer.components:
            if part.required or self.happens(0.3):
                known = 1.0 if part.data_source not in (None, Source.WAREHOUSE) else 0.35
                papers.append(_paper(part.kind, not self.happens(reuses * known)))
        shared: dict[str, Any] = {"terms": self.terms(self.day), "return_way": self.way, "papers": tuple(papers)}
        shared["applicant_type"] = self._applicant()
        if self.channel is Channel.ONLINE:
            helped = self.happens(0.12)
            self.does(Role.APPLICANT, actions.Submit(channel=self.channel, assisted=helped, **shared), at)
        elif self.channel is Channel.POST:
            signed_at = utc(at - timedelta(minutes=self.chance.randrange(2, 9)))
            posted_at = signed_at - timedelta(hours=self.chance.randrange(20, 80))
            filing = actions.RegisterFromPost(
                channel=self.channel, posted_at=posted_at, minutes_signed_at=signed_at, **shared
            )
            self.does(Role.CLERK, filing, at)
        else:
            guided = self.happens(0.35 + 0.5 * self.quality.online)
            self.does(Role.CLERK, actions.RegisterAtDesk(channel=self.channel, guided=guided, **shared), at)
        self._look_at_papers()

    def _applicant(self) -> actions.ApplicantType:
        if self.offer.procedure.field.startswith(("G05-DN", "G16", "G02")):
            return actions.ApplicantType.ENTERPRISE
        return actions.ApplicantType.STATE_AGENCY if self.happens(0.01) else actions.ApplicantType.CITIZEN

    def _look_at_papers(self) -> None:
        """What was brought is read, what was not is looked up; a paper in forty is not found."""
        if kinds := self.dossier.filed_papers:
            self.does(Role.SYSTEM, _digitized(kinds), self.soon(40))
        if kinds := self.dossier.sought_papers:
            missing = tuple(kind for kind in kinds if self.happens(0.025))
            found = tuple(kind for kind in kinds if kind not in missing)
            self.does(Role.SYSTEM, _reused(found, missing), self.soon(3))

    def _complete(self) -> bool:
        """What is missing is asked for, once; who never brings it is closed out after the limit."""
        missing = self.dossier.missing_papers
        readable = [kind for kind, state in self.dossier.papers.items() if state == "DIGITIZED"]
        if not missing and readable and self.happens(self.quality.supplement_share * 0.6):
            missing = (self.chance.choice(readable),)
        if not missing:
            return True
        asked = actions.AskCompletion(kinds=missing, cause=self.chance.choice(_GAPS))
        self.does(Role.CLERK, asked, self.office(self._answer()))
        if self.happens(0.1):
            self.waits_until(self.now + 31 * DAY)
            self.does(Role.CLERK, actions.Lapse(), self.office(WORKING_DAY))
            return False
        self.brings(actions.Complete(kinds=missing), 1.5)
        return True

    def brings(self, action: actions.Complete | actions.SupplementDelivered, days: float) -> None:
        if self.from_home:
            self.does(Role.APPLICANT, action, self.at_home(days))
        else:
            self.does(Role.CLERK, action, self.someday(days))
        self._look_at_papers()

    # --- money --------------------------------------------------------------------------------------------------------

    def _pay_before(self) -> bool:
        """The fee that is due before acceptance; False when it never comes."""
        if not self.dossier.owed_vnd(FeeTiming.BEFORE):
            return True
        if not self.from_home:
            return self._pay(self.office(6))
        if self.happens(0.55):
            return self._pay(self.soon(300), online=True)
        self.does(Role.CLERK, actions.AskPreFee(), self.office(self._answer()))
        if self.happens(0.02):
            self.waits_until(self.now + 11 * DAY)
            return False
        return self._pay(min(self.at_home(0.8), self.now + 9 * DAY))

    def _pay(self, at: datetime, *, online: bool | None = None) -> bool:
        """All that is owed, at once; False when it comes too late (the counter was closed over Tết)."""
        owed = self.dossier.owed_vnd()
        if not owed:
            return True
        if online is None:
            online = self.happens(self.quality.paid_online_share(at.date(), from_home=self.from_home))
        via = PaidVia.PROVINCE_GATEWAY if self.happens(0.4) else PaidVia.NATIONAL_PLATFORM
        if not online:
            via = PaidVia.NONE if self.happens(0.93) else PaidVia.OTHER
            if self.from_home:  # at the counter, in office hours
                at = after(at, timedelta(minutes=30), self.calendar)
        if self.dossier.stage is Stage.FEE_BEFORE and (until := self.dossier.patience_until) and until < utc(at):
            self.waits_until(at)
            return False
        paid = actions.FeePaid(amount_vnd=owed, paid_via=via, paid_at=utc(at), reference=f"PT{self.filing.number:09d}")
        self.does(Role.PARTNER if online else Role.ACCOUNTANT, paid, at)
        return True

    # --- processing ---------------------------------------------------------------------------------------------------

    def _is_answered_on_the_spot(self) -> bool:
        offer = self.offer.procedure
        if self.from_home or offer.processing_time.unit is not Unit.SAME_DAY or self.channel is Channel.POST:
            return False
        return not self.happens(self.quality.twin_share(self.day) if offer.paper_result else 0.3)

    def _process(self) -> bool:
        """From the acceptance to the result; False when it ends otherwise."""
        terms = self.dossier.terms
        return terms is not None and Work(self, terms).is_done()

    def result_code(self, at: datetime) -> str:
        return f"{1 + self.filing.number % 99_999}/{at.year}/{self.offer.procedure.result_kind}"

    # --- return -------------------------------------------------------------------------------------------------------

    def _give_result(self) -> None:
        if self.dossier.owed_vnd() and (self.from_home or self.way is not ReturnWay.DESK):
            self._pay(self.at_home(0.7) if self.from_home else self.someday(0.7))
        if self.way is ReturnWay.ELECTRONIC:
            self.does(Role.SYSTEM, actions.DeliverElectronic(), self.soon(86_000))
            return
        if self.way is ReturnWay.POST and not self._sent():
            return
        if self.dossier.stage is Stage.RESULT_READY:
            self._collected()
        if self.happens(0.0015 * (1.5 - self.quality.exact)):
            self._corrected()

    def _sent(self) -> bool:
        """By post; False when it was delivered, True when it came back to the desk."""
        self.does(Role.SYSTEM, actions.RecordParcel(parcel_number=_parcel(self.filing.number)), self.soon(20))
        self.does(Role.RETURN_CLERK, actions.Dispatch(), self.office(300))
        if self.happens(0.03):
            self.does(Role.PARTNER, actions.CameBack(), self.someday(7))
            return True
        slow = self.happens(0.08)
        at = self.someday(6 if slow else 1.4)
        told = at + timedelta(minutes=self.chance.randrange(2, 90))
        self.does(Role.PARTNER, actions.Delivered(delivered_at=utc(at)), told)
        return False

    def _collected(self) -> None:
        """At the desk, sooner or later; one in seventy never comes for it."""
        if self.happens(0.014):
            self.waits_until(self.world.horizon)
            return
        at = self.someday(1.2 if self.happens(0.85) else 9)
        if self.dossier.owed_vnd():
            self._pay(at)
            at = max(at, self.now) + timedelta(minutes=2)
        self.does(Role.RETURN_CLERK, actions.HandOver(), at)

    def _corrected(self) -> None:
        """A wrong result is found weeks later and made anew in a linked dossier, free of charge."""
        at = self.someday(20)
        if at >= self.world.horizon:
            return
        code = f"{self.agency_code}-{at:%y%m%d}-{100_000 + self.filing.number % 900_000}"
        again = Life(self.world, self.filing._replace(code=code, at=at), corrects=self.filing.code)
        again.told = self.told
        again.correct(self.dossier.terms, self.channel)

    def correct(self, promised: Terms | None, channel: Channel) -> None:
        """The life of a correction: accepted at once, everything is there."""
        if promised is None:
            return
        free = tuple(fee.model_copy(update={"amount_vnd": 0}) for fee in promised.fees)
        calendar = self.terms(self.filing.at.date()).calendar
        self.way = ReturnWay.DESK
        opened = actions.OpenCorrection(
            terms=promised.model_copy(update={"fees": free, "calendar": calendar}),
            channel=channel,
            return_way=self.way,
            cause=self.chance.choice(("typing_error", "wrong_date", "wrong_parcel_number")),
        )
        self.does(Role.UNIT_HEAD, opened, self.filing.at)
        if self._process():
            self._collected()


def _season(day: date) -> float:
    """Backlogs after Tết."""
    return 1.5 if any(0 <= (day - tet).days < 24 for tet in TET) else 1.0  # noqa: PLR2004 - days


def _parcel(number: int) -> str:
    """An S10 tracking number with its check digit."""
    digits = f"{number % 100_000_000:08d}"
    rest = 11 - sum(int(digit) * weight for digit, weight in zip(digits, (8, 6, 4, 2, 3, 5, 9, 7), strict=True)) % 11
    return f"EL{digits}{({10: 0, 11: 5}).get(rest, rest)}VN"
