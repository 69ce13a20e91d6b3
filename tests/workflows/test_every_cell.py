"""Every cell of the lifecycle table on a real Temporal server: the lawful ones move, all others are refused.

Each lawful cell gets a dossier of its own that came there by orders and skipped time alone (tests/cells.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from shared.contracts.facts import Facts
from shared.dossier.actions import Order
from shared.dossier.lifecycle import CHANGES, MOVES, STAGES, Act, Clock, Role, Stage
from shared.dossier.refusal import Refused
from tests.cells import LONG, NEVER, SAMPLES, Way, ask, landing, opening_of, way_to
from tests.workflows.conftest import Town, eventually

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]


async def go(town: Town, code: str, way: Way, steps: Sequence[Order | timedelta]) -> None:
    """File and walk; what the workflow does by itself is waited for, not ordered."""
    with town.environment.with_time_skipping_disabled():  # time passes when a step says so
        await town.file(code, way.filing, way.opening or opening_of(code))
    await town.settled(code, 2)
    for step in steps:
        if isinstance(step, timedelta):
            await town.sleep(code, step)
            await rung(town, code)
        elif step.by.role is not Role.SYSTEM or step.actions[0].kind is Act.RECORD_REUSED:
            facts = await town.act(code, step)
            books = facts.stage is Stage.RESULT_READY and facts.return_way == "POST" and not facts.parcel_booked
            if step.actions[0].kind is Act.SIGN or books:
                await town.settled(code, facts.seq + 1)


async def rung(town: Town, code: str) -> None:
    """Wait until whatever a long time makes the system say was said: late dossiers know it, and results are called."""

    async def look() -> Facts:
        return await town.desk.look(code)

    def is_said(facts: Facts) -> bool:
        return facts.clock is not Clock.RUNS or facts.overdue_at is not None

    await eventually("the timers of a long time", look, is_said)


async def the_lawful(town: Town, stage: Stage, act: Act, number: int) -> None:
    code = f"000.00.03.H39-230110-{number:04d}"
    role = min(MOVES[stage, act].by)
    way = way_to(stage, act, role, code)
    if way.asked is None:
        await go(town, code, way, way.steps[:-1])
        assert (await town.desk.look(code)).stage is stage
        await town.sleep(code, LONG)

        async def said() -> list[tuple[str, Stage | None]]:
            told = (event.change for event in town.publication.sent if event.facts.dossier_code == code)
            return [(change.change, change.from_stage) for change in told]

        await eventually(f"{act} at {stage}", said, lambda seen: (CHANGES[act], stage) in seen)
        return
    await go(town, code, way, way.steps)
    before = await town.desk.look(code)
    assert before.stage is stage, (stage, act, before.stage)
    after = await town.act(code, way.asked)
    assert after.stage is landing(stage, act), (stage, act, after.stage)
    assert after.seq == before.seq + 1


@pytest.mark.parametrize("stage", [stage for stage, meaning in STAGES.items() if not meaning.is_end])
async def test_every_lawful_act_of_a_stage_happens(town: Town, stage: Stage) -> None:
    first = 1000 + 100 * list(Stage).index(stage)
    for number, act in enumerate(act for (at, act) in MOVES if at is stage and (at, act) not in NEVER):
        await the_lawful(town, stage, act, first + number)


@pytest.mark.parametrize("act", [act for (at, act) in MOVES if at is None])
async def test_a_life_begins_by_each_first_act(town: Town, code: str, act: Act) -> None:
    way = way_to(None, act, min(MOVES[None, act].by), code)
    assert way.opening is not None
    facts = await town.file(code, way.filing, way.opening)
    assert (facts.stage, facts.seq) == (landing(None, act), 1)


@pytest.mark.parametrize("stage", [stage for stage, meaning in STAGES.items() if not meaning.is_end])
async def test_every_other_act_of_a_stage_is_refused_and_leaves_no_history(town: Town, code: str, stage: Stage) -> None:
    way = way_to(stage, Act.TRANSFER_COMPETENCE, Role.SYSTEM, code)
    await go(town, code, way, way.steps)
    before = await town.desk.look(code)
    assert before.stage is stage
    length = len((await town.handle(code).fetch_history()).events)
    for act in (act for act in SAMPLES if (stage, act) not in MOVES):
        with pytest.raises(Refused) as refusal:
            await town.act(code, ask(act, Role.CLERK))
        assert refusal.value.code == "not_allowed_now", act
        assert refusal.value.law, act
    assert (await town.desk.look(code)).seq == before.seq
    assert len((await town.handle(code).fetch_history()).events) == length


@pytest.mark.parametrize("stage", [stage for stage, meaning in STAGES.items() if meaning.is_end])
async def test_nothing_is_possible_after_an_end(town: Town, code: str, stage: Stage) -> None:
    way = way_to(stage, Act.TRANSFER_COMPETENCE, Role.SYSTEM, code)
    await go(town, code, way, way.steps)
    await town.handle(code).result()
    for act in SAMPLES:
        with pytest.raises(Refused) as refusal:
            await town.act(code, ask(act, Role.CLERK))
        assert refusal.value.code == "dossier_ended", act
