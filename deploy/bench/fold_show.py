"""The report of `motcua bench fold` as tables on a terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from deploy.bench.peers import PEERS


def show(report: dict[str, Any], to: Console) -> None:
    size = f"{report['records']:,} records in {report['partitions']} partitions"
    to.print(f"{report['machine']}; {size}; {report['runs']} runs; load {report['load_average']:.1f}", highlight=False)
    to.print(_speeds(report))
    to.print(_costs(report))
    for name, row in report["contenders"].items():
        told = [row["guarantee"], row["problem"], f"after kills: {row['killed']}" if row.get("killed") else ""]
        to.print(f"{name}: {'; '.join(filter(None, told))}", highlight=False, markup=False, soft_wrap=True)
    if "proof" in report:
        proof, rebuilt = report["proof"], report["rebuild"]
        to.print(
            f"verify: {'equal' if proof['equal'] else 'NOT EQUAL'}, {proof['cells']} cells, {proof['days']} days, "
            f"{proof['dossiers']} dossiers in {proof['seconds']} s; rebuild: {rebuilt['per_second']:,} records/s, "
            f"{'byte-equal' if rebuilt['is_byte_equal'] else 'NOT EQUAL'}",
            highlight=False,
        )
    for rate, found in report.get("fresh_ms", {}).items():
        to.print(f"event → visible at {rate}/s: p50 {found['p50']} ms, p99 {found['p99']} ms, most {found['most']} ms")


def _speeds(report: dict[str, Any]) -> Table:
    rows = report["contenders"]
    raw, ours = (rows.get(name, {}).get("per_second") for name in ("raw", "ours"))
    table = Table(box=None)
    for name in ("", "version", "records/s", "from", "to", "of raw", "ours is", "killed"):
        table.add_column(name, justify="left" if name in {"", "version"} else "right", no_wrap=True)
    for name, row in rows.items():
        if "per_second" not in row:
            table.add_row(name, row["version"], row["problem"].partition(":")[0])
            continue
        rate = row["per_second"]
        table.add_row(
            name, row["version"], *(f"{row[key]:,}" for key in ("per_second", "least", "most")),
            f"{rate / raw:.2f}" if raw else "–",
            f"{ours / rate:.1f}x" if ours and name in PEERS else "–",
            _after_kills(row),
        )  # fmt: skip
    return table


def _after_kills(row: dict[str, Any]) -> str:
    if row.get("killed") is None:
        return "–"
    return ("differs" if "differ" in row["killed"] else "not done") if row["killed"] else "equal"


def _costs(report: dict[str, Any]) -> Table:
    table = Table(box=None)
    columns = ("", "CPU µs/record", "broker's", "database's", "MiB at 10 %", "50 %", "100 %", "most")
    for name in columns:
        table.add_column(name, justify="right" if name else "left", no_wrap=not name)
    for name, row in report["contenders"].items():
        if "per_second" not in row:
            continue
        used, held = row["cpu_us_per_record"], row["resident_at"]
        table.add_row(
            name,
            *(str(used[each]) for each in ("own", "kafka", "postgres")),
            *(str(held.get(each, "–")) for each in ("10%", "50%", "100%")),
            str(row["resident_mib"]),
        )
    return table
