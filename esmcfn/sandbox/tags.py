"""Tags, in the two forms that AWS's services have for them."""

from __future__ import annotations

from esmcfn.sandbox.state import Json


def tag_map(tags: Json) -> dict[str, str]:
    """Return a resource's tags, in either form, as key to value."""
    if isinstance(tags, dict):
        return {str(key): str(value) for key, value in tags.items()}
    return {str(tag["Key"]): str(tag["Value"]) for tag in tags or ()}
