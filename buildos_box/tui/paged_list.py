"""The loaded part of a long list: a few pages around the cursor, fetched in both directions."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
MOST_PAGES = 4
"""How many pages are kept, so that memory does not grow with scrolling."""
MOST_LOOKED_AT = 10
"""How many pages one step fetches if this side's own filter keeps few items."""
Fetch = Callable[[str | None], Awaitable[tuple[list[Json], str | None]]]


@dataclass
class _Page:
    start: str | None
    items: list[Json]
    next: str | None


@dataclass
class PagedList:
    """Consecutive pages; `fetch(cursor)` returns a page's items and the next cursor."""

    fetch: Fetch
    page_size: int
    _pages: list[_Page] = field(default_factory=list)
    _before: list[str | None] = field(default_factory=list)

    @property
    def items(self) -> list[Json]:
        """The loaded items in the list's order."""
        return [item for page in self._pages for item in page.items]

    @property
    def has_more(self) -> bool:
        """Whether more items follow."""
        return bool(self._pages) and self._pages[-1].next is not None

    @property
    def has_back(self) -> bool:
        """Whether items before the first were dropped."""
        return bool(self._before)

    async def first(self) -> None:
        """Load the newest page; the others are dropped."""
        page = await self._load(None)
        self._pages, self._before = [page], []

    async def more(self) -> None:
        """Load one page further down."""
        if not self.has_more:
            return
        self._pages.append(await self._load(self._pages[-1].next))
        while len(self._pages) > MOST_PAGES:
            self._before.append(self._pages.pop(0).start)

    async def back(self) -> None:
        """Load one page further up."""
        if not self._before:
            return
        start = self._before[-1]
        if start is None:
            # New items would leave a gap between the first page and the second.
            await self.first()
            await self.more()
            return
        page = await self._load(start)
        self._before.pop()
        self._pages.insert(0, page)
        del self._pages[MOST_PAGES:]

    async def _load(self, start: str | None) -> _Page:
        """A page; if few of its items match, several."""
        items, cursor = await self.fetch(start)
        for _ in range(MOST_LOOKED_AT - 1):
            if cursor is None or len(items) >= self.page_size // 2:
                break
            more, cursor = await self.fetch(cursor)
            items = items + more
        return _Page(start, items, cursor)
