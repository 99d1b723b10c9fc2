"""Users that are declared for a real server, as CloudFormation has them made."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rotating_rds_function.adapters.clock import SystemClock
from rotating_rds_function.domain.patience import Deadline
from rotating_rds_function.domain.provisioning import Provisioning, ProvisionProgress, ProvisionRequest
from rotating_rds_function.domain.steps import Step
from rotating_rds_function.domain.versions import AWSCURRENT
from tests.support.faults.faulty_world import FaultyWorld
from tests.support.rotations import ADMINISTRATOR_ARN

if TYPE_CHECKING:
    from rotating_rds_function.domain.targets import Target
    from tests.support.faults.real_backstage import RealBackstage


@dataclass
class Declared:
    """A user of a backstage's server, its secret, and the requests about it.

    :param strategy: by which it rotates.
    """

    backstage: RealBackstage
    strategy: str = "alternating_users"
    owner: str = "owner_of_schemas"
    world: FaultyWorld = field(init=False)

    def __post_init__(self) -> None:
        self.backstage.drop(self.backstage.username)
        self.world = FaultyWorld(self.backstage, self.strategy)

    def request(self, kind: str = "Create", **properties: Any) -> dict[str, Any]:
        """Return a request of CloudFormation."""
        backstage = self.backstage
        alternate = {"AlternateUsername": backstage.alternate} if self.world.is_pair else {}
        return {
            "RequestType": kind,
            "ResourceProperties": {
                "Database": "orders",
                "Engine": backstage.engine,
                "Secret": "arn:secret",
                "Username": backstage.username,
                **alternate,
                "Owner": self.owner,
                "Administrator": ADMINISTRATOR_ARN,
                "AdministratorUsername": backstage.administrator,
                "Schemas": {backstage.schema: "read_write"},
                "Statements": [],
                "Removal": "drop",
                **properties,
            },
        }

    def carry_out(self, kind: str = "Create", *, seconds: float = 20.0, **properties: Any) -> None:
        """Have a request carried out."""
        clock = SystemClock()
        deadline = Deadline(clock, seconds)

        def connect(target: Target) -> Any:
            return self.backstage.connect(target, deadline)

        provisioning = Provisioning(self.world.store, self.backstage.deployment, connect, clock, deadline)
        provisioning.run(ProvisionRequest.parse(self.request(kind, **properties)), ProvisionProgress())

    def rotate(self) -> None:
        """Perform a whole rotation."""
        self.world.start_rotation()
        for step in Step:
            self.world.run_step(step, seconds=20)

    def may(self, statement: str) -> bool:
        """Tell whether the login of AWSCURRENT may run a statement."""
        text = self.world.store.value_of(AWSCURRENT)
        assert text is not None
        value = json.loads(text)
        return self.backstage.may(value["username"], value["password"], statement)
