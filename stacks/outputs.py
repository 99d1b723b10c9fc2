"""What stacks tell operators and applications."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from aws_cdk import CfnOutput

from rotating_rds import DeclarationError

if TYPE_CHECKING:
    from aws_cdk import Stack


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """Outputs of a stack whose names begin alike.

    :param stack: the stack.
    :param key: of the table that they are about, as messages name it.
    :param prefix: how their names begin.
    """

    stack: Stack
    key: str
    prefix: str = ""

    def below(self, name: str) -> Self:
        """Return outputs whose names go on with *name*."""
        return replace(self, prefix=f"{self.prefix}{name}")

    def add(self, **values: str) -> None:
        """Add outputs.

        :raises DeclarationError: if one of that name is there.
        """
        for name, value in values.items():
            whole = f"{self.prefix}{name}"
            if self.stack.node.try_find_child(whole) is not None:
                raise DeclarationError(
                    f"{self.key}: two users or consumers would both have the output {whole!r}: rename one of them."
                )
            CfnOutput(self.stack, whole, value=value)
