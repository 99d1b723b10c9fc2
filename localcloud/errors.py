"""What a user of the local cloud has to expect."""


class LocalCloudError(Exception):
    """The local cloud cannot do what it was asked for; the message says why and what to do."""
