"""Ids of imported items, made from what the file calls them."""

from hashlib import sha256


def stable_id(user_id: str, uid: str, instance: str = "", *, source: str = "ics") -> str:
    """An id that is the same for the same item of the same user in every import; 44 characters."""
    parts = (user_id, uid, instance)
    spelled = "".join(f"{len(part)}:{part}" for part in parts)
    return f"{source}-{sha256(spelled.encode('utf-8', errors='replace')).hexdigest()[:40]}"
