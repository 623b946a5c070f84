"""A window of a long list: a few pages around the cursor, fetched forwards and backwards."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
MOST_PAGES = 4
"""So many pages are held: memory stays flat however far a person scrolls."""
MOST_LOOKED_AT = 10
"""How many pages one step asks for while this side's own filter keeps few of them."""
Fetch = Callable[[str | None], Awaitable[tuple[list[Json], str | None]]]


@dataclass
class _Page:
    start: str | None
    items: list[Json]
    next: str | None


@dataclass
class Window:
    """Pages that follow each other; `fetch(cursor)` gives a page's items and the next cursor."""

    fetch: Fetch
    page_size: int
    _pages: list[_Page] = field(default_factory=list)
    _before: list[str | None] = field(default_factory=list)

    @property
    def items(self) -> list[Json]:
        """What is held, in the list's order."""
        return [item for page in self._pages for item in page.items]

    @property
    def has_more(self) -> bool:
        """Whether something follows below."""
        return bool(self._pages) and self._pages[-1].next is not None

    @property
    def has_back(self) -> bool:
        """Whether something stands above that was let go."""
        return bool(self._before)

    async def first(self) -> None:
        """The newest page; the others are let go."""
        page = await self._load(None)
        self._pages, self._before = [page], []

    async def more(self) -> None:
        """One page further down."""
        if not self.has_more:
            return
        self._pages.append(await self._load(self._pages[-1].next))
        while len(self._pages) > MOST_PAGES:
            self._before.append(self._pages.pop(0).start)

    async def back(self) -> None:
        """One page further up."""
        if not self._before:
            return
        start = self._before[-1]
        if start is None:
            # What is new would leave a gap between the first page and the second.
            await self.first()
            await self.more()
            return
        page = await self._load(start)
        self._before.pop()
        self._pages.insert(0, page)
        del self._pages[MOST_PAGES:]

    async def _load(self, start: str | None) -> _Page:
        """A page; where few of its items are wanted, as many more as it takes."""
        items, cursor = await self.fetch(start)
        for _ in range(MOST_LOOKED_AT - 1):
            if cursor is None or len(items) >= self.page_size // 2:
                break
            more, cursor = await self.fetch(cursor)
            items = items + more
        return _Page(start, items, cursor)
