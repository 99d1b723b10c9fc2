"""What commands show: to people as tables, to programs as JSON."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.table import Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rotating_rds_ops.alarms import Alarms
    from rotating_rds_ops.credentials import Credential
    from rotating_rds_ops.probes import Examination, LastLook


def status_document(
    credentials: Iterable[Credential], alarms: Alarms, looks: Mapping[str, LastLook]
) -> list[dict[str, Any]]:
    """Return credentials for programs."""
    return [
        {
            "name": credential.name,
            "secret": credential.arn,
            "strategy": credential.strategy,
            "rotates": credential.rotates,
            "rotated": _written(credential.rotated),
            "due": _written(credential.due),
            "stages": dict(sorted(credential.stages.items())),
            "pending": credential.pending,
            "probe": _look_document(looks.get(credential.arn)),
            "alarms": alarms.about(credential),
        }
        for credential in credentials
    ]


def _name_column() -> Column:
    """Return a column that may be folded and is never cut off, for other commands take what stands in it."""
    return Column("credential", overflow="fold", min_width=20)


def status_table(credentials: Iterable[Credential], alarms: Alarms, looks: Mapping[str, LastLook]) -> Table:
    """Return credentials for people."""
    table = Table(
        _name_column(), "strategy", "last rotation", "next rotation", "state", "probe", "alarms of its database"
    )
    now = datetime.now(UTC)
    for credential in credentials:
        table.add_row(
            credential.name,
            credential.strategy,
            _ago(credential.rotated, now),
            _ahead(credential.due, now),
            _state(credential, now),
            _look(looks.get(credential.arn), now),
            "\n".join(alarms.about(credential)) or "none",
        )
    return table


def examination_document(examinations: Iterable[Examination]) -> list[dict[str, Any]]:
    """Return examinations for programs."""
    return [
        {
            "name": examination.credential.name,
            "secret": examination.credential.arn,
            "outcome": examination.outcome,
            "cause": examination.cause,
            "sentence": examination.sentence,
            "differences": list(examination.differences),
            "certificate_days": examination.certificate_days,
        }
        for examination in examinations
    ]


def examination_table(examinations: Iterable[Examination]) -> Table:
    """Return examinations for people."""
    table = Table(_name_column(), "logs in", "cause", "certificate ends in", "what is wrong")
    for examination in examinations:
        logs_in = {"succeeded": "yes", "failed": "NO", "unexamined": "unknown"}[examination.outcome]
        days = examination.certificate_days
        table.add_row(
            examination.credential.name,
            logs_in,
            examination.cause or "",
            "" if days is None else f"{days:.0f} days",
            examination.sentence or "\n".join(examination.differences),
        )
    return table


def _state(credential: Credential, now: datetime) -> str:
    if not credential.rotates:
        return "switched off"
    if credential.pending:
        return "rotating, or stuck"
    return "overdue" if credential.due is not None and credential.due < now else "at rest"


def _look(look: LastLook | None, now: datetime) -> str:
    if look is None:
        return "never looked"
    said = {"succeeded": "logged in", "failed": f"REFUSED ({look.cause})"}.get(look.outcome, f"unknown ({look.cause})")
    return f"{said} {_ago(look.at, now)}"


def _look_document(look: LastLook | None) -> dict[str, Any] | None:
    return None if look is None else {"outcome": look.outcome, "cause": look.cause, "at": _written(look.at)}


def _ago(moment: datetime | None, now: datetime) -> str:
    return "never" if moment is None else f"{_span(now - moment)} ago"


def _ahead(moment: datetime | None, now: datetime) -> str:
    if moment is None:
        return "none"
    return f"in {_span(moment - now)}" if moment >= now else f"{_span(now - moment)} overdue"


def _span(span: Any) -> str:
    hours = span.total_seconds() / 3600
    return f"{hours / 24:.0f} days" if hours >= 48 else f"{hours:.0f} hours" if hours >= 2 else f"{hours * 60:.0f} min"  # noqa: PLR2004


def _written(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="seconds")
