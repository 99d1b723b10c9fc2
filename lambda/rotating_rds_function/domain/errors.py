"""Why a step failed: one class per cause, so that an alarm, a log line and a runbook speak the same words.

::

    RotationError
    |-- AuthenticationError     authentication  no labelled version logs in
    |   |-- MidRotationError                    the current one does not, while a rotation is under way
    |   `-- AdministratorError                  the administrator's own value does not
    |-- UnreachableError        unreachable     no answer from the database or from Secrets Manager
    |-- TlsError                tls             the server's identity could not be verified, or it speaks no TLS
    |-- NotReadyError           not_ready       starting, full, failing over, or somebody else holds the lock
    |   `-- OutOfTimeError                      no time was left to begin
    |-- PrivilegeError          privilege       the database or IAM denies something that the step needs
    |-- WrongStateError         wrong_state     the secret is not where the step expects it
    |   |-- MalformedSecretError                its value cannot be read
    |   `-- LabelsMovedError                    its staging labels moved while the step ran
    |-- RefusedError            refused         the step could be done, and must not be
    |   |-- BadEventError                       the event is not a rotation step
    |   `-- ConfigurationError                  the deployment does not say what to rotate, or how
    |-- ThrottledError          throttled       Secrets Manager asks to slow down
    `-- InternalError           internal        anything else: a defect
"""

from __future__ import annotations

import math
from enum import StrEnum
from typing import ClassVar


class Cause(StrEnum):
    """The closed list of causes that the deployment's alarms and the runbook know."""

    AUTHENTICATION = "authentication"
    UNREACHABLE = "unreachable"
    TLS = "tls"
    NOT_READY = "not_ready"
    PRIVILEGE = "privilege"
    WRONG_STATE = "wrong_state"
    REFUSED = "refused"
    THROTTLED = "throttled"
    INTERNAL = "internal"


class RotationError(Exception):
    """A step failed; the message is one sentence with what was wrong, the value received and the remedy.

    :cvar cause: the word under which the failure is reported.
    :cvar patience: for how many seconds, from its first attempt on, a step is worth repeating after this error; the
        remaining time of the function bounds it anyway. Nought: not at all.
    """

    cause: ClassVar[Cause]
    patience: ClassVar[float] = 0.0


class AuthenticationError(RotationError):
    """The database knows neither the password that was tried nor another labelled one."""

    cause = Cause.AUTHENTICATION


class MidRotationError(AuthenticationError):
    """The current value does not log in while a rotation is under way, as between setSecret and finishSecret.

    Repeated for longer than that takes.
    """

    patience = 20.0


class AdministratorError(AuthenticationError):
    """The database does not know the administrator's credential.

    Repeated for a few seconds only: while the administrator's own secret rotates, its AWSCURRENT value does not log in
    for about so long, and every failed login is one that somebody has to explain.
    """

    patience = 5.0


class UnreachableError(RotationError):
    """Nobody answers.

    Repeated for a few seconds only: a restart refuses connections for so long, a missing firewall rule for ever.
    """

    cause = Cause.UNREACHABLE
    patience = 5.0


class TlsError(RotationError):
    """The connection would not be private: the server is not the one that was asked for, or speaks no TLS."""

    cause = Cause.TLS


class NotReadyError(RotationError):
    """The database answers and asks to come back later, so that the whole remaining time is worth waiting."""

    cause = Cause.NOT_READY
    patience = math.inf


class OutOfTimeError(NotReadyError):
    """The function's time ended before an attempt could begin; what made it repeat is the reason, if it did."""


class PrivilegeError(RotationError):
    """The database or IAM denies what the step needs."""

    cause = Cause.PRIVILEGE


class WrongStateError(RotationError):
    """The secret or the database is not in the state from which the step can go on."""

    cause = Cause.WRONG_STATE


class MalformedSecretError(WrongStateError):
    """The secret's value is not the JSON that a database secret holds."""


class LabelsMovedError(WrongStateError):
    """A staging label moved while the step ran: another run of the rotation is at work, or a person is.

    Repeating the step reads the labels again and decides afresh.
    """

    patience = 5.0


class RefusedError(RotationError):
    """What was asked for contradicts the deployment."""

    cause = Cause.REFUSED


class BadEventError(RefusedError):
    """The function was invoked with something that is no rotation step."""


class ConfigurationError(RefusedError):
    """Tags or environment variables do not tell what to rotate, how, and where."""


class ThrottledError(RotationError):
    """Secrets Manager limits the rate of calls, beyond the retries of its SDK."""

    cause = Cause.THROTTLED
    patience = math.inf


class InternalError(RotationError):
    """A failure that nobody foresaw: only its type is reported, because its text could carry a secret."""

    cause = Cause.INTERNAL
