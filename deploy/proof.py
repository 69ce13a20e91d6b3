"""The counted proof: what citizens were told, against the topic, the workflow engine and the live figures."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import httpx
import orjson
from aiokafka import AIOKafkaConsumer
from temporalio.client import Client

from deploy.local.errors import StackError
from deploy.local.stack import Stack
from deploy.province.bots import Life
from shared.contracts import feedback
from shared.contracts.facts import TOPIC
from shared.dossier.lifecycle import CHANGES, STAGES, Act, Stage

QUIET: Final = timedelta(seconds=60)
"""How long the fold may take to catch up with the topic before its figures are compared."""
STILL_S: Final = 3.0
"""Seconds without a new notice after which no more are expected."""
UNUSUAL: Final = frozenset(
    CHANGES[act]
    for act in (
        Act.ASK_COMPLETION, Act.COMPLETE, Act.ASK_SUPPLEMENT, Act.SUPPLEMENT_DELIVERED, Act.OVERRIDE, Act.CONSULT,
        Act.ANSWER_CONSULT, Act.ASK_FINANCIAL_DUTY, Act.DUTY_PAID, Act.REJECT, Act.WITHDRAW, Act.CONFIRM_WITHDRAW,
        Act.DENY_WITHDRAW, Act.STOP, Act.SEND_APOLOGY, Act.MARK_OVERDUE, Act.EXPLAIN_OVERDUE, Act.OPEN_CORRECTION,
    )
)  # fmt: skip
"""Changes that not every dossier sees."""


async def proof(stack: Stack, lives: list[Life], complaints: Collection[str], seconds: float) -> dict[str, Any]:
    """The report of a demonstration: counts of dossiers, events, seconds, MiB; keys as `motcua demo --json` prints."""
    environment = stack.environment("cli")
    ours = {life.code for life in lives}
    filed = {life.code for life in lives if not life.corrects}
    events = await _events(environment["KAFKA_BOOTSTRAP_SERVERS"], ours)
    last = {code: seqs[max(seqs)]["facts"] for code, seqs in events.items() if seqs}
    ends = Counter(_end_of(facts) for code, facts in last.items() if code in filed)
    gaps = [code for code, seqs in events.items() if sorted(seqs) != list(range(1, len(seqs) + 1))]
    filed_twice = sum(1 for facts in last.values() if facts["dossier_code"] not in ours)
    figures = await _figures(stack, environment["KAFKA_BOOTSTRAP_SERVERS"])
    notices = await _notices(stack.url("mailbox"), ours)
    said = await _events(environment["KAFKA_BOOTSTRAP_SERVERS"], set(complaints), feedback.TOPIC, "feedback_code")
    lengths = await history_lengths(environment["TEMPORAL_ADDRESS"], sorted(ours))
    told_otherwise = sum(1 for life in lives if life.code in last and last[life.code]["stage"] != life.final)
    return {
        "submitted": len(filed),
        "finished": ends["finished"],
        "refused": ends["refused"],
        "withdrawn": ends["withdrawn"],
        "stopped": ends["stopped"],
        "corrections": len(ours) - len(filed),
        "on_the_way": _on_the_way(events),
        "lost": len(ours - set(last)) + len(gaps) + told_otherwise,
        "duplicated": filed_twice + len(figures["broken"]),
        "stuck": sum(_end_of(facts) == "open" for facts in last.values()),
        "notices_sent": len(notices),
        "notices_twice": sum(count > 1 for count in notices.values()),
        "kpi_equals_refold": figures["kpi_equals_refold"],
        "feedback": len(complaints),
        "feedback_answered": sum(
            bool(seqs) and seqs[max(seqs)]["facts"]["stage"] == "ANSWERED" for seqs in said.values()
        ),
        "events": sum(map(len, events.values())),
        "seconds": round(seconds, 1),
        "dossiers_per_second": round(len(ours) / seconds, 2),
        "max_history_events": max(lengths, default=0),
        "mean_history_events": round(sum(lengths) / max(1, len(lengths)), 1),
        "resident_mib": sum(status.resident_mib for status in await asyncio.to_thread(stack.status)),
    }


async def _notices(mailbox: str, ours: set[str]) -> Counter[str]:
    """How often each notice of this demonstration came to the mailbox, once no more come."""
    async with httpx.AsyncClient(base_url=mailbox) as http, asyncio.timeout(QUIET.total_seconds()):
        seen: Counter[str] | None = None
        while True:
            entries = (await http.get("/ledger", params={"kind": "message"})).raise_for_status().json()["entries"]
            now = Counter(entry["reference"] for entry in entries if _whose(entry["reference"]) in ours)
            if now == seen:
                return now
            seen = now
            await asyncio.sleep(STILL_S)


def _whose(reference: str) -> str:
    """The dossier code of `<code>.<seq>.<way>`, in a Message-ID or as it is."""
    return reference.lstrip("<").rpartition("@")[0].rsplit(".", 2)[0] or reference.rsplit(".", 2)[0]


async def _figures(stack: Stack, bootstrap: str) -> Mapping[str, Any]:
    """What `motcua verify` says, once the fold has read everything there is."""
    async with asyncio.timeout(QUIET.total_seconds()):
        while True:
            said = await _verified(stack)
            ends = await _ends(bootstrap)
            if all(said["position"].get(str(part), 0) >= end for part, end in ends.items()):
                return said
            await asyncio.sleep(1)


async def _verified(stack: Stack) -> Mapping[str, Any]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "deploy.cli", "verify", "--json",
        stdout=asyncio.subprocess.PIPE, env=os.environ | {"MOTCUA_STATE": str(stack.root)},
    )  # fmt: skip
    out, _ = await process.communicate()
    try:
        said: Mapping[str, Any] = json.loads(out)
    except ValueError:
        raise StackError(f"`motcua verify` ended with {process.returncode} and no answer.") from None
    return said


async def _ends(bootstrap: str) -> dict[int, int]:
    async with _reader(bootstrap) as consumer:
        ends = await consumer.end_offsets(consumer.assignment())
        return {part.partition: end for part, end in ends.items()}


async def _events(
    bootstrap: str, ours: set[str], topic: str = TOPIC, named: str = "dossier_code"
) -> dict[str, dict[int, dict[str, Any]]]:
    """Read a topic from its beginning with a plain consumer: events by code and seq, of this demonstration."""
    async with _reader(bootstrap, topic) as consumer:
        ends = await consumer.end_offsets(consumer.assignment())
        seen: dict[str, dict[int, dict[str, Any]]] = {code: {} for code in ours}
        while any([await consumer.position(part) < end for part, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=500)).values():
                for record in records:
                    event = orjson.loads(record.value)
                    if (code := event["facts"][named]) in ours:
                        seen[code][event["facts"]["seq"]] = event
        return seen


def _on_the_way(events: Mapping[str, Mapping[int, Mapping[str, Any]]]) -> dict[str, int]:
    """How many dossiers each of the less usual things happened to."""
    told = Counter(
        name for seqs in events.values() for name in {event["change"]["change"] for event in seqs.values()} & UNUSUAL
    )
    return {name: told[name] for name in sorted(UNUSUAL)}


def _reader(bootstrap: str, topic: str = TOPIC) -> AIOKafkaConsumer:
    """All partitions from the beginning, without a group: nothing is remembered of this reading."""
    return AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest", group_id=None)


def _end_of(facts: Mapping[str, Any]) -> str:
    stage = Stage(facts["stage"])
    if not STAGES[stage].is_end:
        return "open"
    if stage is Stage.STOPPED:
        return "withdrawn" if facts.get("withdrawn") else "stopped"
    return "refused" if stage is Stage.NOT_ACCEPTED or facts.get("outcome") == "REFUSED" else "finished"


def findings(report: Mapping[str, Any]) -> list[str]:
    ended = report["finished"] + report["refused"] + report["withdrawn"] + report["stopped"]
    return [
        *([f"{report['submitted']} submitted, {ended} ended"] if ended != report["submitted"] else []),
        *(f"{name} {report[name]}" for name in ("lost", "duplicated", "stuck", "notices_twice") if report[name]),
        *([] if report["feedback_answered"] == report["feedback"] else ["feedback stayed without an answer"]),
        *([] if report["kpi_equals_refold"] else ["the KPIs differ from the refold"]),
    ]


async def history_lengths(address: str, codes: Sequence[str]) -> list[int]:
    """History events of each dossier's workflow, in the order of the codes."""
    client = await Client.connect(address)
    gate = asyncio.Semaphore(20)

    async def one(code: str) -> int:
        async with gate:
            return (await client.get_workflow_handle(code).describe()).history_length

    return list(await asyncio.gather(*(one(code) for code in codes)))
