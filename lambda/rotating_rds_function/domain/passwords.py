"""New passwords.

Made here rather than by GetRandomPassword: the same quality (the operating system's generator), one call to Secrets
Manager and one permission on every resource less.
"""

from __future__ import annotations

import secrets
import string
from typing import Final

LENGTH: Final = 32
"""Characters of a password: inside the limits of RDS for every engine."""

EXCLUDED: Final = " %+~`#$&*()|[]{}:;<>?!'/@\"\\"
"""Characters that a password never holds: the set with which the deployment generates the first one."""

_CLASSES: Final = (string.ascii_lowercase, string.ascii_uppercase, string.digits, string.punctuation)


def generate() -> str:
    """Return a new password with at least one character of each class, as password policies ask for."""
    classes = ["".join(sorted(set(characters) - set(EXCLUDED))) for characters in _CLASSES]
    while True:
        password = "".join(secrets.choice("".join(classes)) for _ in range(LENGTH))
        # Drawing again, instead of planting one of each, keeps every permitted password equally likely.
        if all(set(password) & set(characters) for characters in classes):
            return password
