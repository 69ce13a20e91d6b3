"""The province at work: bot citizens and bot staff together until every planned dossier has ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from deploy.province import feedback
from deploy.province.citizens import Citizens
from deploy.province.plan import Plan
from deploy.province.staff import ROLES, Staff
from deploy.province.world import BotFailure, Life, Mint, World

__all__ = ["BotFailure", "Life", "Province"]


class Province:
    """All bots. `told` hears of every planned dossier that has ended; `surprises` says what nobody expected."""

    def __init__(
        self, addresses: Mapping[str, str], mint: Mint, told: Callable[[Life], None], *, register_token: str
    ) -> None:
        self._world = World(addresses, mint)
        self._citizens = Citizens(self._world, register_token=register_token)
        self._staff = Staff(self._world)
        self._told = told
        self.surprises: list[str] = []

    @property
    def complaints(self) -> frozenset[str]:
        """The codes of all feedback that was given."""
        return frozenset(self._world.complaints)

    async def close(self) -> None:
        """Hang up."""
        await self._world.close()

    async def live(self, plans: list[Plan], *, at_once: int) -> list[Life]:
        """Let all these dossiers be filed and carried to their ends, with the corrections that follow."""
        gate = asyncio.Semaphore(at_once)
        staff = [asyncio.create_task(self._staff.work(role)) for role in ROLES]
        staff.append(asyncio.create_task(feedback.answer(self._world)))
        try:
            async with asyncio.TaskGroup() as group:
                citizens = [group.create_task(self._one(plan, gate)) for plan in plans]
                for worker in staff:
                    worker.add_done_callback(lambda task: self._fail_with(task, citizens))
        finally:
            for worker in staff:
                worker.cancel()
            await asyncio.gather(*staff, return_exceptions=True)
        return [life for task in citizens for life in task.result()]

    async def _one(self, plan: Plan, gate: asyncio.Semaphore) -> list[Life]:
        lives = await self._citizens.live(plan, gate)
        self._told(lives[0])
        return lives

    def _fail_with(self, worker: asyncio.Task[None], citizens: list[asyncio.Task[list[Life]]]) -> None:
        if not worker.cancelled() and (failure := worker.exception()):
            self.surprises.append(f"staff: {failure!r}")
            for citizen in citizens:
                citizen.cancel()
