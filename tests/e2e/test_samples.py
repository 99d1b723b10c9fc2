"""The client's samples of the documentation, run one after the other by an application under its consumer role."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.deployment import ROOT

if TYPE_CHECKING:
    from tests.support.deployment import Deployment

DOCUMENTS = ("README.md", "client/README.md")


def samples(document: str) -> str:
    """Return the client's samples of a document as one program: later ones use what earlier ones made."""
    text = (ROOT / document).read_text(encoding="utf-8")
    found = re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    chosen = [sample for sample in found if "rotating_rds_client" in sample]
    assert chosen
    return "\n".join(chosen)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_samples_of_the_client_run(deployment: Deployment, document: str) -> None:
    """GIVEN nothing but the secret's ARN in place of the example's, THEN each of them connects or says why not."""
    program = re.sub(r'SecretSource\("[^"]*"', f'SecretSource("{deployment.secret}"', samples(document))
    finished = subprocess.run(
        [sys.executable, "-c", program],
        env={
            **os.environ,
            **deployment.cloud.role_environment(deployment.outputs["ApplicationRoleName"]),
            "ROTATING_RDS_CA_BUNDLE": str(deployment.cloud.ca_bundle),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert finished.returncode == 0, finished.stderr
