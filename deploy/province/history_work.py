"""What an agency does with an accepted dossier: the way from transfer to the released result, with its detours.

The moment of the result is decided first, as a share of the working time until the due time or, for the late ones,
after it; the steps lie between. What moves the due time (supplement, duty, verification, apology) moves that moment.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from shared.catalogue.model import ProcessingTime, Terms, Unit
from shared.dossier import actions
from shared.dossier.actions import Fault, Outcome, Subject
from shared.dossier.deadline import apology_by, supplement_by
from shared.dossier.lifecycle import Role
from shared.dossier.working_time import DAY, after, local, nth_worked, utc, worked_between

if TYPE_CHECKING:
    from deploy.province.history_life import Life

CONSULTED: Final = ("000.00.03.H39", "000.00.10.H39")
"""Departments whose opinion is asked: the first, or the second where the first decides itself."""
_DUTIES: Final = {"1.003003": 0.8, "1.004203": 0.35, "1.004227": 0.12}
"""How often land procedures end up at the tax office."""
_A_DAY: Final = 480
"""Working minutes."""
_OPINION: Final = ProcessingTime(unit=Unit.WORKING_DAY, amount=2)
_SPECIALIST: Final = str(Role.SPECIALIST).lower()
_GAPS: Final = ("blurred", "unsigned", "out_of_date", "does_not_match")
_GROUNDS: Final = ("conditions_not_met", "dispute_pending", "planning_conflict")
_OWN_FAULTS: Final = ("staff_overloaded", "handed_over_late", "forgotten")
_OTHER_FAULTS: Final = ("opinion_came_late", "system_down", "flood", "verification_elsewhere")
_GRANTED: Final = actions.Propose(outcome=Outcome.GRANTED)


class Work:
    """One dossier's processing."""

    def __init__(self, life: Life, terms: Terms) -> None:
        self.life, self.dossier, self.chance, self.terms = life, life.dossier, life.chance, terms
        self.is_short = terms.processing_time.unit is Unit.SAME_DAY
        self.field = life.offer.procedure.field

    def is_done(self) -> bool:
        """Until the result is released; False when the dossier ends otherwise. Raises Horizon."""
        self._hand_over()
        if not self.is_short:
            self._verify()
            self._consult()
            if not (self._duty() and self._supplement() and self._stay()):
                return False
            self._apologise()
        self._decide()
        self._sign()
        return True

    # --- when ---------------------------------------------------------------------------------------------------------

    def _aim(self) -> None:
        """Decide anew when the result will be released."""
        life, now = self.life, self.life.now
        due = local(self.dossier.due_at) if self.dossier.due_at else now
        if life.is_late:
            delay = 40 + self.chance.expovariate(1 / (9 * _A_DAY if life.happens(0.05) else 1.6 * _A_DAY))
            finish = after(max(due, now), timedelta(minutes=int(delay)), life.calendar)
        else:
            finish = after(
                now, worked_between(now, due, life.calendar) * (0.3 + 0.65 * self.chance.random()), life.calendar
            )
        self.start, self.span = now, worked_between(now, finish, life.calendar)

    def _at(self, share: float) -> datetime:
        """The moment at about that share of the way."""
        share *= 0.94 + 0.06 * self.chance.random()
        seconds = max(1, int(self.span.total_seconds() * share))
        return max(
            self.life.now + timedelta(seconds=15), after(self.start, timedelta(seconds=seconds), self.life.calendar)
        )

    def _between(self, start: datetime, end: datetime, share: float) -> datetime:
        """The moment when that share of the working time between two moments has run."""
        seconds = int(worked_between(start, end, self.life.calendar).total_seconds() * share) + 1
        return after(start, timedelta(seconds=seconds), self.life.calendar)

    # --- who takes it -------------------------------------------------------------------------------------------------

    def _hand_over(self) -> None:
        life = self.life
        self._aim()
        if not life.dossier.is_correction and life.happens(0.004):
            life.does(Role.CLERK, actions.RouteUnknown(), self._at(0.02))
            self._aim()
        life.does(Role.CLERK, actions.Transfer(), self._at(0.02 if life.from_home else 0.08))
        if life.happens(0.35):
            life.does(Role.UNIT_HEAD, actions.Assign(person_code=_SPECIALIST), self._at(0.16))
        else:
            life.does(Role.SPECIALIST, actions.Claim(), self._at(0.2))
        self._aim()

    # --- detours ------------------------------------------------------------------------------------------------------

    def _verify(self) -> None:
        extends = self.terms.verification_time is not None and self.life.happens(0.12)
        if extends or self.life.happens(0.25 if self.field.startswith(("G13", "G17")) else 0.02):
            self.life.does(Role.SPECIALIST, actions.RecordVerification(extends=extends), self._at(0.2))
            self._aim()

    def _consult(self) -> None:
        """Another agency's opinion; the dossier's own clock runs on, so nobody waits for it too long."""
        life = self.life
        if not life.happens(0.3 if self.field.startswith(("G17", "G13-DD", "G09-LD")) else 0.02):
            return
        other = CONSULTED[life.agency_code == CONSULTED[0]]
        asked = actions.Consulted(agency_code=other, limit=_OPINION)
        life.does(Role.SPECIALIST, actions.Consult(asked=(asked,)), self._at(0.15))
        until, answered = self._at(0.6), life.office(1.3 * _A_DAY)
        if answered < until or (life.is_late and life.happens(0.8)):
            life.does(Role.SPECIALIST, actions.AnswerConsult(), answered, agency_code=other)
        else:
            life.does(Role.SPECIALIST, actions.GoOn(), until)
        self._aim()

    def _duty(self) -> bool:
        """Tax or land duty pauses the clock; who never pays is stopped."""
        life = self.life
        if life.dossier.is_correction or not life.happens(_DUTIES.get(self.terms.procedure_code, 0)):
            return True
        notice = f"{1 + life.filing.number % 99_999}/TB-CT"
        life.does(Role.SPECIALIST, actions.AskFinancialDuty(notice_number=notice), self._at(0.3))
        if life.happens(0.03):
            life.waits_until(life.now + 34 * DAY)
            self._stop("duty_unpaid")
            return False
        if life.happens(0.5):
            life.does(Role.PARTNER, actions.DutyPaid(), life.at_home(4))
        else:
            life.does(Role.ACCOUNTANT, actions.DutyPaid(), life.someday(6))
        self._aim()
        return True

    def _supplement(self) -> bool:
        """Papers asked for after appraisal, once as a rule; False when nobody brings them."""
        life = self.life
        if life.dossier.is_correction or not life.happens(life.quality.supplement_share):
            return True
        if not self._asked_and_brought():
            return False
        if life.happens(0.12 * (1 - life.quality.exact)):
            wish = actions.AskOverride(subject=Subject.SUPPLEMENT_LIMIT, ground="new_circumstances")
            life.does(Role.UNIT_HEAD, wish, self._at(0.2))
            life.does(Role.DESK_HEAD, actions.Override(), self._at(0.3))
            return self._asked_and_brought()
        return True

    def _asked_and_brought(self) -> bool:
        life = self.life
        kinds = [kind for kind, state in self.dossier.papers.items() if state != "REUSED"]
        if not kinds or self.dossier.received_at is None:
            return True
        at, latest = self._at(0.35), local(supplement_by(self.dossier.received_at, self.terms.calendar))
        if at > latest and life.now < latest and life.quality.exact > 0.35:  # noqa: PLR2004 - those who know the rule
            at = self._between(life.now, latest, 0.5)
        ground = "found_on_site" if max(at, life.now) > latest else None
        kinds = kinds[: 1 + life.happens(0.2)]
        cause = self.chance.choice(_GAPS)
        life.does(Role.UNIT_HEAD, actions.AskSupplement(kinds=tuple(kinds), cause=cause, late_ground=ground), at)
        if life.happens(0.05):
            life.waits_until(life.now + 31 * DAY)
            if life.happens(0.8):
                life.does(Role.UNIT_HEAD, actions.SupplementExpired(), life.office(3 * _A_DAY))
            else:  # nobody decides: it stays open
                life.waits_until(life.world.horizon)
            return False
        life.brings(actions.SupplementDelivered(kinds=tuple(kinds)), 3)
        self._aim()
        return True

    def _stay(self) -> bool:
        """False when the applicant takes the dossier back, or the agency stops it."""
        life = self.life
        if life.dossier.is_correction or self.span < timedelta(hours=8):
            return True
        if life.happens(0.008):
            life.does(Role.APPLICANT, actions.AskWithdraw(), self._at(0.3))
            if life.happens(0.8):
                life.does(Role.UNIT_HEAD, actions.ConfirmWithdraw(), self._at(0.4))
                return False
            life.does(Role.UNIT_HEAD, actions.DenyWithdraw(cause="decision_is_drafted"), self._at(0.4))
        elif life.happens(0.0015):
            self._stop("court_order")
            return False
        return True

    def _stop(self, cause: str) -> None:
        self.life.does(Role.UNIT_HEAD, actions.AskStop(cause=cause), self.life.office(60))
        self.life.does(Role.SIGNER, actions.Stop(), self.life.office(200))

    def _apologise(self) -> None:
        """A new date, once and at the latest a day before the old one, where somebody sees it coming."""
        life, due_at = self.life, self.dossier.due_at
        if due_at is None or not life.is_late or not life.happens(0.25 + 0.4 * life.quality.exact):
            return
        latest = local(apology_by(due_at, self.terms.calendar))
        at = self._between(life.now, latest, self.chance.uniform(0.3, 0.8))
        if not life.now < at < latest - timedelta(hours=1):
            return
        day = nth_worked(local(due_at).date() + DAY, self.chance.randrange(1, 6), self.terms.calendar)
        asked = actions.AskExtension(cause=self._cause(), fault=self._fault, new_due_on=day)
        life.does(Role.UNIT_HEAD, asked, at)
        life.does(Role.SIGNER, actions.SendApology(), self._between(at, latest, 0.25))
        life.is_late = life.happens(0.2)
        self._aim()

    def _cause(self) -> str:
        self._fault = Fault.OBJECTIVE if self.life.happens(0.4) else Fault.SUBJECTIVE
        return self.chance.choice(_OTHER_FAULTS if self._fault is Fault.OBJECTIVE else _OWN_FAULTS)

    # --- the decision -------------------------------------------------------------------------------------------------

    def _decide(self) -> None:
        life, proposed = self.life, _GRANTED
        if not life.dossier.is_correction and life.happens(0.012 if self.is_short else 0.025):
            proposed = actions.Propose(outcome=Outcome.REFUSED, ground=self.chance.choice(_GROUNDS))
        life.does(Role.SPECIALIST, proposed, self._at(0.7))
        if life.happens(0.03):
            life.does(Role.UNIT_HEAD, actions.SendBack(cause="wording"), self._at(0.76))
            life.does(Role.SPECIALIST, proposed, self._at(0.82))
        life.does(Role.UNIT_HEAD, actions.ApproveDraft(), self._at(0.86))
        if life.happens(0.004):
            life.does(Role.SIGNER, actions.DeclineSignature(cause="wording"), self._at(0.9))
            life.does(Role.UNIT_HEAD, actions.SendBack(cause="wording"), self._at(0.91))
            life.does(Role.SPECIALIST, proposed, self._at(0.92))
            life.does(Role.UNIT_HEAD, actions.ApproveDraft(), self._at(0.93))

    def _sign(self) -> None:
        life = self.life
        life.does(Role.SIGNER, actions.Sign(), self._at(0.95))
        at = life.soon(50)
        life.does(Role.SYSTEM, actions.RecordSignature(result_code=life.result_code(at), signed_at=utc(at)), at)
        life.does(Role.RECORDS, actions.NumberAndIssue(), self._at(1.0))
        if self.dossier.overdue_at and life.happens(0.6):
            explained = actions.ExplainOverdue(cause=self._cause(), fault=self._fault)
            life.does(Role.UNIT_HEAD, explained, life.office(40))
