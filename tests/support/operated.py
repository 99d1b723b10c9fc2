"""A credential as the command line knows it from Secrets Manager's answers."""

from __future__ import annotations

from rotating_rds_ops.credentials import Credential

MASTER = Credential(
    arn="arn:aws:secretsmanager:eu-west-1:111111111111:secret:orders-abcdef",
    environment="dev",
    database="orders",
    username="dbadmin",
    strategy="single_user",
    rotates=True,
    rotated=None,
    due=None,
    stages={"AWSCURRENT": "v2", "AWSPREVIOUS": "v1"},
    function=None,
)
