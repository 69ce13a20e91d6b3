"""`python -m tests.record_histories RELEASE`: keeps how today's code lived, for every later code to replay.

Recorded once per release and never again: a history that no longer replays means that living dossiers would break.
"""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from deploy.local import temporal
from shared.dossier import actions
from shared.dossier.actions import Outcome, Paper, ReturnWay
from shared.dossier.feedback.acts import Answer, AskMore, Assign, Give, Rate
from shared.dossier.lifecycle import Role, Stage
from tests.builders import CODE, fee, fee_paid, feedback_opening, order, says, submit, terms
from tests.workflows.conftest import Town, a_server, a_town
from workflows.desk import FeedbackDesk

FOLDER = Path(__file__).parent / "workflows/histories"


async def at_the_desk(town: Town, code: str) -> None:
    """The ordinary life, every click apart."""
    await town.brought_to(code, Stage.RESULT_READY)
    await town.act(code, order(Role.RETURN_CLERK, actions.HandOver()))


async def by_post_and_paid(town: Town, code: str) -> None:
    """Paid online, papers reused, clicks of two acts, parcel came back once."""
    town.offices.found = ("GIAY-CHUNG-SINH",)
    promised = terms(fees=[fee()], components=("TK-KS", "GIAY-CHUNG-SINH"))
    papers = (Paper(kind="TK-KS", filed=True),)
    await town.file(code, submit(promised, return_way=ReturnWay.POST, papers=papers))
    await town.settled(code, 3)
    await town.act(
        code,
        order(Role.PARTNER, fee_paid()),
        order(Role.CLERK, actions.Accept(terms=promised), actions.Transfer()),
        order(Role.SPECIALIST, actions.Claim(), actions.Propose(outcome=Outcome.GRANTED)),
        order(Role.UNIT_HEAD, actions.ApproveDraft()),
    )
    signed = await town.act(code, order(Role.SIGNER, actions.Sign()))
    await town.settled(code, signed.seq + 1)
    ready = await town.act(code, order(Role.RECORDS, actions.NumberAndIssue()))
    await town.settled(code, ready.seq + 1)
    await town.act(
        code,
        order(Role.RETURN_CLERK, actions.Dispatch()),
        order(Role.PARTNER, actions.CameBack()),
        order(Role.RETURN_CLERK, actions.Dispatch()),
        order(Role.PARTNER, actions.Delivered(delivered_at=ready.submitted_at)),
    )


async def electronic_and_overdue(town: Town, code: str) -> None:
    """The due timer fires, the result lies in the personal store for a day."""
    facts = await town.brought_to(code, Stage.REVIEW, submit(return_way=ReturnWay.ELECTRONIC))
    await town.sleep(code, timedelta(days=40))
    await town.settled(code, facts.seq + 1)
    await town.act(code, order(Role.UNIT_HEAD, actions.ApproveDraft()))
    signed = await town.act(code, order(Role.SIGNER, actions.Sign()))
    await town.settled(code, signed.seq + 1)
    await town.act(code, order(Role.RECORDS, actions.NumberAndIssue()))
    await town.sleep(code, timedelta(days=2))


async def withdrawn_with_money_back(town: Town, code: str) -> None:
    """Paid, then withdrawn before acceptance."""
    await town.file(code, submit(terms(fees=[fee(50_000)])))
    await town.settled(code, 2)
    await town.act(code, order(Role.PARTNER, fee_paid(50_000)), order(Role.APPLICANT, actions.Withdraw()))


async def withdrawn_on_request(town: Town, code: str) -> None:
    """Asked, denied, asked again, confirmed."""
    await town.brought_to(code, Stage.PROCESSING)
    await town.act(
        code,
        order(Role.APPLICANT, actions.AskWithdraw()),
        order(Role.UNIT_HEAD, actions.DenyWithdraw(cause="decision_imminent")),
        order(Role.APPLICANT, actions.AskWithdraw()),
        order(Role.UNIT_HEAD, actions.ConfirmWithdraw()),
    )


async def rejected_while_kafka_was_away(town: Town, code: str) -> None:
    """The ordinary activity takes over publication."""
    await town.brought_to(code, Stage.SUBMITTED)
    town.publication.away = True
    await town.act(code, order(Role.CLERK, actions.Reject(cause="wrong_agency")))
    await asyncio.sleep(1)
    town.publication.away = False


async def feedback_late_and_rated(town: Town, code: str) -> None:
    """The citizen is asked and says nothing, the due time passes, the answer is rated."""
    code, desk = f"PAKN-{code}", FeedbackDesk(town.client, task_queue=town.queue)
    handle = town.client.get_workflow_handle(code)
    with town.environment.with_time_skipping_disabled():
        await desk.submit(feedback_opening(code), says(Role.APPLICANT, Give()))
    await desk.act(code, says(Role.UNIT_HEAD, Assign(assignee="specialist")))
    await desk.act(code, says(Role.SPECIALIST, AskMore()))
    await town.environment.fast_forward(handle, timedelta(days=70))
    await desk.act(code, says(Role.SPECIALIST, Answer(upheld=True)))
    await desk.act(code, says(Role.APPLICANT, Rate(satisfied=False)))


LIVES = (
    at_the_desk,
    by_post_and_paid,
    electronic_and_overdue,
    withdrawn_with_money_back,
    withdrawn_on_request,
    rejected_while_kafka_was_away,
    feedback_late_and_rated,
)


def _clean(history: str) -> str:
    """Without stack traces: they name the recording machine's folders, and no replay reads them."""

    def cleaned(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: cleaned(part) for name, part in value.items() if name != "stackTrace"}
        return [cleaned(part) for part in value] if isinstance(value, list) else value

    return json.dumps(cleaned(json.loads(history)), indent=1, ensure_ascii=False) + "\n"


async def record() -> dict[str, str]:
    """Live each life once on a real server; name → history."""
    histories = {}
    async with await a_server(str(temporal.find())) as environment:
        for number, life in enumerate(LIVES):
            async with a_town(environment, f"record-{number}") as town:
                code = f"{CODE[:-4]}{number + 1:04d}"
                await life(town, code)
                is_feedback = life.__name__.startswith("feedback_")
                handle = town.client.get_workflow_handle(f"PAKN-{code}" if is_feedback else code)
                await handle.result()
                history = await handle.fetch_history()
                histories[life.__name__] = _clean(history.to_json())
    return histories


if __name__ == "__main__":
    target = FOLDER / sys.argv[1]
    if target.exists():
        sys.exit(f"{target.name} was recorded: histories of a release are never recorded again.")
    target.mkdir(parents=True)
    for name, text in asyncio.run(record()).items():
        (target / f"{name}.json").write_text(text)
