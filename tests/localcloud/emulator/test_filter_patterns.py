"""Filter patterns of CloudWatch Logs, by the examples of its guide and of the CIS benchmark's filters."""

from __future__ import annotations

import json
from typing import Any

import pytest

from localcloud.emulator.logs.errors import InvalidPatternError
from localcloud.emulator.logs.pattern import compile_pattern

# The log event of "Example: Metric filters that match JSON log events", with what CloudTrail adds.
EVENT = {
    "eventType": "UpdateTrail",
    "eventSource": "secretsmanager.amazonaws.com",
    "errorCode": "AccessDenied",
    "errorMessage": "You can't perform this operation on the secret because it was marked for deletion.",
    "sourceIPAddress": "111.111.111.111",
    "arrayKey": ["value", "another value"],
    "objectList": [{"name": "a", "id": 1}, {"name": "b", "id": 2}],
    "SomeObject": None,
    "cluster.name": "c",
    "userIdentity": {"type": "Root"},
    "latency": 0.25,
    "flag": True,
}
OTHERS = "{ ($.userIdentity.type = Root) && ($.userIdentity.invokedBy NOT EXISTS) && ($.eventType != AwsServiceEvent) }"

CONDITIONS: list[Any] = [
    ('{ $.eventType = "UpdateTrail" }', True),
    ("{ $.eventType = UpdateTrail }", True),
    ("{ $.eventType = updatetrail }", False),
    ("{ $.sourceIPAddress != 123.123.* }", True),
    ("{ $.sourceIPAddress != 111.111.* }", False),
    ("{ $.sourceIPAddress = 111.111.* }", True),
    ("{ $.arrayKey != another }", False),
    ("{ $.arrayKey[0] = value }", True),
    ('{ $.arrayKey[*] = "another *" }', True),
    ("{ $.arrayKey = value }", False),
    ("{ $.objectList[1].id = 2 }", True),
    ("{ $.objectList[2].id NOT EXISTS }", True),
    ("{ $.SomeObject IS NULL }", True),
    ("{ $.SomeOtherObject NOT EXISTS }", True),
    ("{ $.SomeObject NOT EXISTS }", False),
    ("{ $.['cluster.name'] = c }", True),
    ("{ $.flag IS TRUE }", True),
    ("{ $.flag IS FALSE }", False),
    ("{ $.latency >= 0.25 }", True),
    ("{ $.latency < 2.5e-1 }", False),
    ("{ $.latency = 0.25 }", True),
    ("{ $.missing != anything }", False),
    ("{ $.errorMessage = %marked for \\w+% }", True),
    ('{ ($.eventSource = "secretsmanager.amazonaws.com") && ($.errorCode = "AccessDenied*") }', True),
    ('{ $.errorMessage = "*secret because it was marked for deletion*" }', True),
    (OTHERS, True),
    ("{ ($.a = 1 || $.latency > 0) && $.eventType = UpdateTrail }", True),
    ("{ $.a = 1 || $.latency > 0 && $.eventType = Other }", False),
]


@pytest.mark.parametrize(("pattern", "matches"), CONDITIONS)
def test_conditions_hold_as_documented(pattern: str, matches: bool) -> None:  # noqa: FBT001
    """One condition each over one JSON line; a line that is no JSON matches none."""
    compiled = compile_pattern(pattern)
    assert compiled(json.dumps(EVENT)) is matches
    if "NOT EXISTS" not in pattern:
        assert not compiled("no JSON")


@pytest.mark.parametrize(
    ("pattern", "lines"),
    [
        ("", ["[ERROR] 400 BAD REQUEST", "[ERROR] 419 MISSING ARGUMENTS", "[INFO] 200 OK"]),
        ("ERROR", ["[ERROR] 400 BAD REQUEST", "[ERROR] 419 MISSING ARGUMENTS"]),
        ("ERROR ARGUMENTS", ["[ERROR] 419 MISSING ARGUMENTS"]),
        ("?OK ?ARGUMENTS", ["[ERROR] 419 MISSING ARGUMENTS", "[INFO] 200 OK"]),
        ("ERROR -ARGUMENTS", ["[ERROR] 400 BAD REQUEST"]),
        ('"BAD REQUEST"', ["[ERROR] 400 BAD REQUEST"]),
        ("%4\\d0%", ["[ERROR] 400 BAD REQUEST"]),
        ("error", []),
    ],
)
def test_terms_match_as_documented(pattern: str, lines: list[str]) -> None:
    """All terms, one of the optional ones, none of the excluded ones; the case matters."""
    matches = compile_pattern(pattern)
    everything = ["[ERROR] 400 BAD REQUEST", "[ERROR] 419 MISSING ARGUMENTS", "[INFO] 200 OK"]
    assert [line for line in everything if matches(line)] == lines


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("{ $.a = 1", "} is missing"),
        ("{ a = 1 }", "begins with a selector"),
        ("{ $.a > x }", "compares with a number"),
        ("{ $.a IS 1 }", "TRUE, FALSE or NULL"),
        ("{ $.a EXISTS }", "no operator"),
        ("{ $.a = 1 } x", "nothing may follow"),
        ('"open', "nothing closes"),
        ("[ip, user]", "space-delimited"),
        ("x" * 1025, "1024 are allowed"),
    ],
)
def test_a_pattern_that_cannot_be_read_is_refused(pattern: str, reason: str) -> None:
    """The message says what is wrong with it."""
    with pytest.raises(InvalidPatternError, match=reason):
        compile_pattern(pattern)
