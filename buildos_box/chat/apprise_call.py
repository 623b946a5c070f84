"""The one call of Apprise. Importing this loads it (a third of a second), so only a thread does."""

import apprise

from buildos_box.chat.http_exchange import Exchange, recording

_ASSET = apprise.AppriseAsset(
    app_id="BuildOS Box",
    app_desc="BuildOS Box",
    app_url="",
    # Its pictures are at a public address that would learn who reads what when.
    image_url_mask="",
    image_url_logo="",
    async_mode=False,
    http_redirects=False,
    default_service_retry=0,
    storage_mode=apprise.PersistentStoreMode.MEMORY,
)


def notify(url: str, title: str, body: str, exchange: Exchange) -> bool:
    """Hand over a message of plain text; whether the service took it. Blocks.

    What went over the network is in `exchange` afterwards.
    """
    with recording(exchange):
        service = apprise.Apprise.instantiate(url, asset=_ASSET, suppress_exceptions=True)
        if service is None:
            return False
        sender = apprise.Apprise(asset=_ASSET)
        sender.add(service)
        return bool(sender.notify(title=title, body=body, body_format=apprise.NotifyFormat.TEXT))
