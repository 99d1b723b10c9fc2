"""Constructs for databases whose credentials rotate.

The shortest use, inside a stack:

```python
RotatingDatabase(
    self, "Orders", engine=Engine.postgres(rds.PostgresEngineVersion.VER_17), vpc=vpc, secrets_manager_endpoint=endpoint
)
```
"""

from __future__ import annotations

from rotating_rds.access import Access
from rotating_rds.adopted import AdoptedDatabase
from rotating_rds.alarm_topic import AlarmTopic
from rotating_rds.alarms import RotationAlarms
from rotating_rds.audit_trail import AuditTrail
from rotating_rds.cluster import RotatingCluster
from rotating_rds.compute import Compute
from rotating_rds.consumer import ConsumerRole
from rotating_rds.contract import DatabaseEndpoint
from rotating_rds.dashboard import CredentialDashboard
from rotating_rds.database import RotatingDatabase
from rotating_rds.database_user import DatabaseUser
from rotating_rds.detection import CredentialDetection
from rotating_rds.engine import Engine
from rotating_rds.errors import BundleMissingError, DeclarationError
from rotating_rds.grants import Grants
from rotating_rds.metrics import RotationMetrics
from rotating_rds.probe_function import ProbeFunction
from rotating_rds.provision_function import ProvisionFunction
from rotating_rds.rotation import Rotation
from rotating_rds.rotation_function import RotationFunction
from rotating_rds.schedule import Schedule
from rotating_rds.shared_props import SharedProps
from rotating_rds.thresholds import Thresholds

__all__ = [
    "Access",
    "AdoptedDatabase",
    "AlarmTopic",
    "AuditTrail",
    "BundleMissingError",
    "Compute",
    "ConsumerRole",
    "CredentialDashboard",
    "CredentialDetection",
    "DatabaseEndpoint",
    "DatabaseUser",
    "DeclarationError",
    "Engine",
    "Grants",
    "ProbeFunction",
    "ProvisionFunction",
    "RotatingCluster",
    "RotatingDatabase",
    "Rotation",
    "RotationAlarms",
    "RotationFunction",
    "RotationMetrics",
    "Schedule",
    "SharedProps",
    "Thresholds",
]
