"""What the library raises."""

from __future__ import annotations


class DeclarationError(ValueError):
    """A declaration cannot work on AWS.

    The message is one sentence: what was wrong, the value received, the remedy. Raised while the app is
    constructed, so that nothing of it reaches a deployment.
    """


class BundleMissingError(DeclarationError):
    """The function's bundle is not part of this installation."""
