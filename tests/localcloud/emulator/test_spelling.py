"""CloudTrail's spelling of requests and answers, by the log file examples of the services' guides."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.emulator.spelling import request_parameters, response_elements

REQUESTS: list[Any] = [
    pytest.param({"SecretId": "MySecret"}, {"secretId": "MySecret"}, id="small first letters"),
    pytest.param({"DBInstanceIdentifier": "db"}, {"dBInstanceIdentifier": "db"}, id="only the first letter"),
    pytest.param(
        {"SecretIdList": ["a", "b"], "Filters": [{"Key": "name", "Values": ["x"]}]},
        {"secretIdList": ["a", "b"], "filters": [{"key": "name", "values": ["x"]}]},
        id="at every depth",
    ),
    pytest.param(
        {"KeyId": "key", "EncryptionContext": {"SecretARN": "arn", "SecretVersionId": "v"}},
        {"keyId": "key", "encryptionContext": {"SecretARN": "arn", "SecretVersionId": "v"}},
        id="keys of maps stay",
    ),
    pytest.param({"Tags": [{"Key": "Team", "Value": "a"}]}, {"tags": [{"key": "Team", "value": "a"}]}, id="tag list"),
    pytest.param({"Tags": {"Team": "a"}}, {"tags": {"Team": "a"}}, id="tag map"),
    pytest.param(
        {"Action": "CreateRole", "Version": "2010-05-08", "RoleName": "r", "Tags.member.1.Key": "Team"},
        {"roleName": "r", "tags": [{"key": "Team"}]},
        id="lists of the Query protocol",
    ),
    pytest.param({"SecretString": "hush"}, None, id="nothing but what nobody may read"),
    pytest.param({}, None, id="nothing"),
]


@pytest.mark.parametrize(("request_", "expected"), REQUESTS)
def test_a_request_is_spelled_as_cloudtrail_does(request_: dict[str, Any], expected: dict[str, Any] | None) -> None:
    """One case a habit of CloudTrail's."""
    assert request_parameters(request_) == expected


def test_an_answer_loses_what_nobody_may_read() -> None:
    """The ARN of a secret is spelled aRN, as in the examples of Secrets Manager's guide."""
    answer = {"ARN": "arn", "Name": "n", "VersionId": "v", "SecretString": "hush"}
    assert response_elements(answer) == {"aRN": "arn", "name": "n", "versionId": "v"}
