"""Who may do what with the secrets of the local environment: the one table that deployment and templates are held to.

`x` is allowed, `.` is denied. Two secrets belong to the environment: the master's and the user's. Two do not: `ledger`
is under the environment's key, `payroll` under the account's own.
"""

from __future__ import annotations

from dataclasses import dataclass

# A column each: the roles of the environment, one that deploys nothing and may do nothing, and one that may do
# everything as far as that depends on its own policies.
GRID = """
                                    application api rotation provision framework trail flow_log outsider admin
read current of master                   x       .     x        x         .       .      .        .       x
read default of master                   x       .     x        x         .       .      .        .       x
read previous of master                  .       .     x        .         .       .      .        .       x
read by_id of master                     .       .     x        .         .       .      .        .       x
describe of master                       .       .     x        .         .       .      .        .       x
put of master                            .       .     x        .         .       .      .        .       x
move_label of master                     .       .     x        .         .       .      .        .       x
rotate of master                         .       .     .        .         .       .      .        .       -
cancel of master                         .       .     .        .         .       .      .        .       -
delete of master                         .       .     .        .         .       .      .        .       -
open of master                           .       .     .        .         .       .      .        .       -
untag of master                          .       .     .        .         .       .      .        .       x
read current of user                     .       x     x        x         .       .      .        .       x
read previous of user                    .       .     x        .         .       .      .        .       x
describe of user                         .       .     x        .         .       .      .        .       x
put of user                              .       .     x        .         .       .      .        .       x
move_label of user                       .       .     x        .         .       .      .        .       x
delete of user                           .       .     .        .         .       .      .        .       -
read current of ledger                   .       .     .        .         .       .      .        .       x
put of ledger                            .       .     .        .         .       .      .        .       x
read current of payroll                  .       .     .        .         .       .      .        .       x
decrypt of master                        .       .     .        .         .       .      .        .       x
decrypt of user                          .       .     .        .         .       .      .        .       x
invoke of rotation                       .       .     .        .         .       .      .        .       x
invoke of provision                      .       .     .        .         x       .      .        .       x
"""
_LETTERS = {"x": True, ".": False}


@dataclass(frozen=True)
class Case:
    """One cell of the grid.

    :param attempt: what is tried.
    :param target: the secret, or the function, that it is tried on.
    :param principal: who tries.
    :param allowed: whether that is to succeed.
    """

    attempt: str
    target: str
    principal: str
    allowed: bool

    def __str__(self) -> str:
        """Name the case as tests are named."""
        return f"{self.principal}: {self.attempt} of {self.target}"


def cases() -> list[Case]:
    """Return every cell; one of `-` is left out, since an administrator's success would destroy the scene."""
    header, *rows = GRID.strip("\n").splitlines()
    principals = header.split()
    found = []
    for row in rows:
        name, letters = row[:36].strip(), row[36:].split()
        attempt, _, target = name.partition(" of ")
        found += [
            Case(attempt, target, principal, _LETTERS[letter])
            for principal, letter in zip(principals, letters, strict=True)
            if letter != "-"
        ]
    return found
