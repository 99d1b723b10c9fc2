"""A DB instance on the local cloud, declared without our constructs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.support import emulated

if TYPE_CHECKING:
    from localcloud.cloud import LocalCloud

GENERATED = {
    "SecretStringTemplate": json.dumps({"username": "dbadmin"}),
    "GenerateStringKey": "password",
    "PasswordLength": 32,
    "ExcludePunctuation": True,
}


def resources(identifier: str, **properties: Any) -> dict[str, Any]:
    """Return a secret, an instance whose master password it is, and their attachment."""
    password = {"Fn::Sub": "{{resolve:secretsmanager:${Secret}:SecretString:password}}"}
    instance = {
        "DBInstanceIdentifier": identifier,
        "Engine": "postgres",
        "DBName": "orders",
        "MasterUsername": "dbadmin",
        "MasterUserPassword": password,
        **properties,
    }
    attachment = {"SecretId": {"Ref": "Secret"}, "TargetId": {"Ref": "Instance"}, "TargetType": "AWS::RDS::DBInstance"}
    return {
        "Secret": {"Type": "AWS::SecretsManager::Secret", "Properties": {"GenerateSecretString": GENERATED}},
        "Instance": {"Type": "AWS::RDS::DBInstance", "Properties": instance},
        "Attachment": {"Type": "AWS::SecretsManager::SecretTargetAttachment", "Properties": attachment},
    }


OUTPUTS = {
    "Secret": {"Ref": "Secret"},
    "Address": {"Fn::GetAtt": ["Instance", "Endpoint.Address"]},
    "Port": {"Fn::GetAtt": ["Instance", "Endpoint.Port"]},
}


def secret_value(cloud: LocalCloud, stack: str) -> dict[str, Any]:
    """Return the master secret of a stack."""
    secret = emulated.outputs(cloud, stack)["Secret"]
    value: dict[str, Any] = json.loads(cloud.client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"])
    return value


def record(cloud: LocalCloud, identifier: str) -> Any:
    """Return what the control API tells of a database; None when there is none."""
    return next((found for found in cloud.control.databases() if found.identifier == identifier), None)
