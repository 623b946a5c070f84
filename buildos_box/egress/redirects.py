"""Redirects that httpx cannot read: it looks at them even where they are not followed."""

import httpx


async def drop_unreadable_location(response: "httpx.Response") -> None:
    """A response hook: without it a host name like `xn--zz` raises an error that httpx has no
    class for.
    """
    location = response.headers.get("location")
    if location is None:
        return
    try:
        _ = httpx.URL(location).host
    except (httpx.InvalidURL, ValueError):
        del response.headers["location"]


HOOKS = {"response": [drop_unreadable_location]}
