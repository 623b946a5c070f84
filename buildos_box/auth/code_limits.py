"""Limits on requests for verification codes and sign-in links, which outlive a single one.

Each is an SMS or a mail to somebody who may not have requested it, so requests are counted by
user, recipient, IP address, and for the whole server.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import timedelta

from buildos_box.auth import limits_store as store
from buildos_box.clock import Instant
from buildos_box.db import Tx
from buildos_box.errors import RateLimited
from buildos_box.settings import LimitsSettings

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class CodeAsked:
    """Who requests a code or a sign-in link, and the recipient.

    The user is None for somebody who is not signed in; the IP address, where it is not known.
    """

    user_id: str | None
    target: str
    address: str | None = None


def take(tx: Tx, request: CodeAsked, limits: LimitsSettings, key: bytes, now: Instant) -> None:
    """Count the request against every limit. Raises RateLimited, which names the limit."""
    store.delete_code_requests_before(tx, now - DAY)
    counted = {
        "user": request.user_id,
        "target": request.target,
        "address": request.address,
        "all": "",
    }
    digests = {
        name: hmac.new(key, f"code:{name}:{value}".encode(), hashlib.sha256).hexdigest()
        for name, value in counted.items()
        if value is not None
    }
    for name, setting, window in (
        ("user", "codes_per_user_hour", HOUR),
        ("user", "codes_per_user_day", DAY),
        ("target", "codes_per_target_hour", HOUR),
        ("target", "codes_per_target_day", DAY),
        ("address", "codes_per_address_hour", HOUR),
        ("all", "codes_per_hour", HOUR),
    ):
        limit = int(getattr(limits, setting))
        if not limit or name not in digests:
            continue
        free_at = store.code_request_at(tx, name, digests[name], limit)
        if free_at is not None and free_at + window > now:
            raise RateLimited(
                f"too many codes were requested (limits.{setting} is {limit})",
                retry_after=free_at + window - now,
            )
    for name, digest in digests.items():
        store.add_code_request(tx, name, digest, now)
