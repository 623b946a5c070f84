"""The list of mails, SMS, push and in-app messages and webhooks, with opens and clicks."""

from functools import partial
from typing import Any, ClassVar

from textual import on

from buildos_box.client import BoxEvent
from buildos_box.tui.dialogs import Reading
from buildos_box.tui.filter import Words, read_words
from buildos_box.tui.formatting import SENT, channel, plain, sent
from buildos_box.tui.grid import Column, Grid
from buildos_box.tui.list_screen import PAGE, ListScreen

Json = dict[str, Any]
CHANNELS = ("email", "sms", "push", "chat", "in_app", "webhook")
WORDS = ("user", "channel", "status", "since")
NEWS = frozenset({"notification.created", "sms.updated", "brief.completed", "job.updated"})


class Deliveries(ListScreen):
    """One list over all channels."""

    COLUMNS: ClassVar[tuple[Column, ...]] = (
        Column("made", 12),
        Column("over", 6),
        Column("status", 11),
        Column("user", 10, most=20),
        Column("what it says", 0),
        Column("opens", 5, at=96, right=True),
        Column("clicks", 6, at=96, right=True),
        Column("to", 26, at=120, most=36),
        Column("kind", 22, at=150, most=30),
    )
    HINT = "channel:email status:failed user:ada since:2h words"
    NOUN = "message"
    EMPTY = "Nothing has been sent yet. See it: buildos-box send-test email you@example.org"

    def __init__(self) -> None:
        super().__init__("deliveries")
        self._words = Words({}, "")

    def on_mount(self) -> None:
        """The filter words for completion."""
        self.filter_input.words = {
            "channel": CHANNELS,
            "status": tuple(SENT),
            "user": (),
            "since": (),
        }

    def read_filter(self, text: str) -> None:
        """Parse a filter that the server applies. Raises WrongWord."""
        self._words = read_words(
            text, WORDS, self.host.now(), {"channel": CHANNELS, "status": SENT}
        )

    async def fetch(self, cursor: str | None) -> tuple[list[Json], str | None]:
        """A page of messages."""
        text = self._words.text or None
        page = await self.client.messages(**self._words.asked, text=text, limit=PAGE, cursor=cursor)
        return page["items"], page.get("nextCursor")

    def note(self, event: BoxEvent) -> None:
        """Fetch again after an event that may be about a message."""
        if event.type in NEWS:
            if self.watching:
                self.load_soon()
            elif event.type != "job.updated" and len(self.new) < PAGE:
                self.new.add(str(event.id or event.at))
                self.paint_soon()

    def cells_of(self, item: Json) -> tuple[str, ...]:
        """The cells of a message, with the reason if it was not sent as planned."""
        why = f"{plain(item['reason'])}: " if item["reason"] else ""
        return (
            self.host.at(item["at"]),
            channel(item["channel"]),
            sent(item["status"]),
            plain(item["userId"]),
            f"{why}{plain(item['text'])}",
            str(item["opens"] or "–"),
            str(item["clicks"] or "–"),
            plain(item["recipient"]),
            plain(item["kind"]),
        )

    @on(Grid.Opened, "#deliveries-table")
    def _opened(self, event: Grid.Opened) -> None:
        item = self.item(event.key)
        if item is not None:
            self.run_worker(self.tell(partial(self._read, item)), exclusive=False)

    async def _read(self, item: Json) -> None:
        lines = [
            f"{item['id']}   {sent(item['status'])}   {item['channel']}   {plain(item['userId'])}",
            f"to {plain(item['recipient']) or '–'}   made {self.host.at(item['at'])}   "
            f"sent {self.host.at(item['sentAt'])}   "
            f"opens {item['opens']}   clicks {item['clicks']}",
            plain(item["correlationId"]),
            *([f"reason: {plain(item['reason'])}"] if item["reason"] else []),
            "",
        ]
        if item["channel"] == "email":
            mail = await self.client.mail(item["userId"], item["id"])
            lines += [plain(item["text"]), "", *map(plain, mail["text"].splitlines()), "", "LOG"]
            lines += [
                f"{self.host.at(line['at'])}  {sent(line['status'])}  {plain(line['detail'])}"
                for line in mail["log"]
            ]
        else:
            lines.append(plain(item["text"]))
        await self.host.push_screen(Reading("\n".join(lines)))
