"""How CloudTrail spells what a call asked for and what it answered.

Members begin with a small letter at every depth ("dBInstanceIdentifier", "aRN"), keys of maps stay as they were given,
and what must not be read in a log is left out ("CloudTrail record contents" and the log file examples of Secrets
Manager and KMS). The Query protocol numbers the members of its lists (`Tags.member.1.Key`), which are lists here again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_HIDDEN = frozenset(
    {
        "ciphertextblob",
        "masteruserpassword",
        "password",
        "plaintext",
        "secretaccesskey",
        "secretbinary",
        "secretstring",
        "secretvalues",
        "sessiontoken",
        "zipfile",
    }
)
_NO_PARAMETERS = frozenset({"Action", "Version", "TemplateBody"})
# Their keys are names that somebody chose, no members of the service's model.
_MAPS = frozenset(
    {"attributes", "encryptioncontext", "encryptioncontextequals", "encryptioncontextsubset", "variables"}
)
_LIST_MARKS = ("member", "entry")


def request_parameters(request: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return requestParameters: the request of a JSON service, or the form of a Query one; None if nothing is left."""
    if "Action" in request:
        request = _nested({name: value for name, value in request.items() if name not in _NO_PARAMETERS})
    return _members(request) or None


def response_elements(answer: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return responseElements of a call that changes something; None if nothing is left."""
    return _members(answer) or None


def _members(structure: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name[:1].lower() + name[1:]: _value(name, value)
        for name, value in structure.items()
        if name.lower() not in _HIDDEN
    }


def _value(name: str, value: Any) -> Any:
    if isinstance(value, dict):
        is_map = name.lower() in _MAPS or name.lower() == "tags"  # where tags are no list, they are a map
        return value if is_map else _members(value)
    if isinstance(value, list):
        return [_value("", item) for item in value]
    return value


def _nested(form: Mapping[str, Any]) -> dict[str, Any]:
    """Return the structure that dotted names of the Query protocol spell."""
    tree: dict[str, Any] = {}
    for name, value in form.items():
        *path, last = [part for part in name.split(".") if part not in _LIST_MARKS]
        node = tree
        for part in path:
            node = node.setdefault(part, {})
        node[last] = value
    return {name: _lists(value) for name, value in tree.items()}


def _lists(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    if node and all(key.isdigit() for key in node):
        return [_lists(node[key]) for key in sorted(node, key=int)]
    return {key: _lists(value) for key, value in node.items()}
