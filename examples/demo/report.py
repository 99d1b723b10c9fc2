"""The report at the end: tables for people, made of the evidence alone."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from examples.demo.audit import ADMINISTRATOR, DEPLOYMENT
from examples.demo.checks import in_the_gap

if TYPE_CHECKING:
    from collections.abc import Iterable

    from examples.demo.checks import Check
    from examples.demo.evidence import Evidence
    from examples.demo.narrator import Narrator
    from examples.demo.rotations import Rotation

_STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")


def show(narrator: Narrator, evidence: Evidence, checks: Iterable[tuple[Check, bool]]) -> None:
    """Print everything that was seen, and every check with what was found."""
    for table in (_rotations(evidence), _traffic(evidence), _readers(evidence), _alarm(evidence)):
        table.box = narrator.box
        narrator.console.print(table)
    verdicts = Table("", "check", "found", title="Checks", title_justify="left", box=narrator.box)
    for check, holds in checks:
        verdicts.add_row("[green]held[/]" if holds else "[red]FAILED[/]", check.sentence, escape(check.found(evidence)))
    narrator.console.print(verdicts)


def _rotations(evidence: Evidence) -> Table:
    table = Table("rotation", "version before", "version after", "attempts", *_STEPS, title="Rotations")
    table.title_justify = "left"
    for rotation in evidence.rotations:
        row = (rotation.title, rotation.before[:8], rotation.after[:8], str(rotation.attempts))
        table.add_row(*row, *(_seconds(rotation, step) for step in _STEPS))
    return table


def _seconds(rotation: Rotation, step: str) -> str:
    """Show the last invocation of a step: earlier ones belong to attempts that failed."""
    seconds = [entry.seconds for entry in rotation.record.steps if entry.name == step]
    return f"{seconds[-1] * 1000:.0f} ms" if seconds else "-"


def _traffic(evidence: Evidence) -> Table:
    traffic = evidence.traffic
    seconds = sorted(connect.seconds for connect in traffic.opened) or [0.0]
    table = Table("measure", "value", title="The sample application", title_justify="left")
    for name, value in {
        "connections opened": str(len(traffic.opened)),
        "of these asked for while the rotation was held": str(in_the_gap(evidence)),
        "of these after a retry": str(len(traffic.retried)),
        "retries": str(sum(connect.retries for connect in traffic.connects)),
        "failures": str(traffic.failures),
        "orders placed": str(traffic.placed_orders),
        "median time to connect": f"{median(seconds) * 1000:.0f} ms",
        "longest time to connect": f"{seconds[-1]:.2f} s",
    }.items():
        table.add_row(name, value)
    return table


def _readers(evidence: Evidence) -> Table:
    names = {
        evidence.consumer_role: "the application",
        evidence.function_role: "the rotation function",
        evidence.provision_role: "the function that makes users",
        evidence.probe_role: "the probe",
        ADMINISTRATOR: "an administrator",
        DEPLOYMENT: "the deployment",
    }
    table = Table("who", "role", "reads", "denied", title="Who read the secret, says the trail", title_justify="left")
    for reader in evidence.readers:
        table.add_row(names.get(reader.role, "an outsider"), reader.role, str(reader.granted), str(reader.denied))
    return table


def _alarm(evidence: Evidence) -> Table:
    step, error = evidence.broken_step or ("-", "-")
    table = Table("what", "text", title="What on-call was told, and why", title_justify="left")
    table.add_row("failed step", escape(f"{step}: {error}"))
    table.add_row("told to on-call", escape(evidence.news_of_failure))
    table.add_row("told of the reads", escape(f"{evidence.news_of_refusal}\n{evidence.news_of_read}"))
    table.add_row("in state ALARM", escape(", ".join(evidence.alarms)))
    return table
