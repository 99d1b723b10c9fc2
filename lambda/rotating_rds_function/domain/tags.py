"""The tags through which the deployment tells what rotates, and how: their names, and the encoding of their values."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from rotating_rds_function.domain.errors import ConfigurationError
from rotating_rds_function.domain.wording import shown

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

DATABASE_TAG: Final = "rotating-rds:database"
ENGINE_TAG: Final = "rotating-rds:engine"
STRATEGY_TAG: Final = "rotating-rds:strategy"
USERNAME_TAG: Final = "rotating-rds:username"
ALTERNATE_USERNAME_TAG: Final = "rotating-rds:alternate-username"
ADMINISTRATOR_TAG: Final = "rotating-rds:administrator"
ADMINISTRATOR_USERNAME_TAG: Final = "rotating-rds:administrator-username"
PAIR_TAG: Final = "rotating-rds:pair"
ACCESS_ROLE_TAG: Final = "rotating-rds:access-role"
RETAIN_FOR_TAG: Final = "rotating-rds:retain-for"
TEST_QUERY_TAG: Final = "rotating-rds:test-query"

_ENCODED = re.compile(r"(?:[A-Za-z0-9 +\-._:/@]|=[0-9A-F]{2})+")
_REMEDY: Final = "deploy the stack again, which writes the tags of the secret."


def decode_tag(encoded: str, key: str = USERNAME_TAG) -> str:
    """Undo the encoding that lets any text be the value of a tag: `=XX` is one byte of UTF-8.

    :param key: name of the tag, for the error sentence.
    :raises ConfigurationError: if *encoded* is not such an encoding.
    """
    if not _ENCODED.fullmatch(encoded):
        raise ConfigurationError(f"The tag {key} is {shown(encoded)}, which is not tag-encoded: {_REMEDY}")
    raw = re.sub(rb"=([0-9A-F]{2})", lambda found: bytes.fromhex(found[1].decode("ascii")), encoded.encode("ascii"))
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        pass
    raise ConfigurationError(f"The tag {key} is {shown(encoded)}, which decodes to no UTF-8: {_REMEDY}")


def needed(tags: Mapping[str, str], key: str) -> str:
    """Return the value of a tag as it is written.

    :raises ConfigurationError: if there is none.
    """
    if not tags.get(key):
        raise ConfigurationError(f"The secret has no tag {key}: {_REMEDY}")
    return tags[key]


def text(tags: Mapping[str, str], key: str) -> str:
    """Return the decoded value of a tag.

    :raises ConfigurationError: if there is none, or it is not encoded.
    """
    return decode_tag(needed(tags, key), key)


def one_of(tags: Mapping[str, str], key: str, kind: str, names: Collection[str], *, default: str | None = None) -> str:
    """Return the value of a tag that names something known.

    :param kind: what it names, for the error sentence.
    :param default: the value where the tag is absent; None makes it needed.
    :raises ConfigurationError: if it is absent, or names something else.
    """
    name = needed(tags, key) if default is None else tags.get(key, default)
    if name not in names:
        raise ConfigurationError(
            f"The tag {key} names the {kind} {shown(name)}, which this function does not know "
            f"(it knows {', '.join(sorted(names))}): {_REMEDY}"
        )
    return name


def seconds(tags: Mapping[str, str], key: str, *, default: int) -> int:
    """Return the value of a tag that holds whole seconds.

    :raises ConfigurationError: if it holds something else.
    """
    written = tags.get(key, str(default))
    if not (written.isascii() and written.isdigit()):
        raise ConfigurationError(f"The tag {key} is {shown(written)} where whole seconds were expected: {_REMEDY}")
    return int(written)
