from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

from examples.demo.traffic import Connect, Traffic, read_journal

if TYPE_CHECKING:
    from pathlib import Path


def connect(**changes: Any) -> Connect:
    """Make a connection that was opened at second 10."""
    return dataclasses.replace(Connect(10.0, 0.1, "connected", retries=0, version="aa"), **changes)


def test_only_connections_that_came_about_count_as_opened() -> None:
    """A refused one is a failure, even if its order is not in the journal yet."""
    traffic = Traffic(connects=(connect(), connect(outcome="rejected"), connect(outcome="failed")))
    assert (len(traffic.opened), traffic.failures) == (1, 2)


def test_an_order_that_failed_after_its_connection_is_a_failure() -> None:
    """The application does not care where it broke."""
    assert Traffic(connects=(connect(),), failed_orders=1).failures == 1


def test_a_connection_belongs_to_the_gap_in_which_it_was_asked_for() -> None:
    """It is opened after the gap, if its caller waited; one from before the gap does not count."""
    traffic = Traffic(
        connects=(connect(began=9.9), connect(began=10.0, seconds=5.0), connect(began=12.9), connect(began=13.0))
    )
    assert [entry.began for entry in traffic.opened_of(10.0, 13.0)] == [10.0, 12.9]


def test_a_version_is_used_once_a_connection_was_opened_with_it() -> None:
    """The journal has the beginning of the version's id only."""
    traffic = Traffic(connects=(connect(version="1b1b3217"), connect(version="77777777", outcome="rejected")))
    assert traffic.uses("1b1b3217-c00d-4b4a-ab20-f9f83191a179")
    assert not traffic.uses("77777777-c00d-4b4a-ab20-f9f83191a179")


def test_a_connection_without_a_version_uses_none() -> None:
    """An empty prefix begins every id."""
    assert not Traffic(connects=(connect(version=""),)).uses("1b1b3217-c00d-4b4a-ab20-f9f83191a179")


def test_a_line_that_is_still_being_written_is_left_for_later(tmp_path: Path) -> None:
    """The journal is read while the application writes it."""
    journal = tmp_path / "journal.jsonl"
    order = json.dumps({"event": "order", "at": 1.0, "outcome": "placed"})
    journal.write_text(f'{order}\n{order}\n{{"event": "or')
    assert read_journal(journal).placed_orders == 2


def test_a_journal_that_is_not_there_yet_is_empty(tmp_path: Path) -> None:
    """The application has just been started."""
    assert read_journal(tmp_path / "journal.jsonl") == Traffic()
