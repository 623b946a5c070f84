"""The client for the operator's addresses is made when it is used first."""

import httpx

from buildos_box.egress.lazy_client import made_at_first_use


class Made:
    """Makes clients that answer 204, and keeps them."""

    def __init__(self) -> None:
        self.clients: list[httpx.AsyncClient] = []

    def __call__(self) -> httpx.AsyncClient:
        transport = httpx.MockTransport(lambda _request: httpx.Response(204))
        self.clients.append(httpx.AsyncClient(transport=transport))
        return self.clients[-1]


async def test_it_is_made_once_and_closed() -> None:
    made = Made()
    client = made_at_first_use(made)
    assert made.clients == []
    for _ in range(2):
        assert (await client.get("http://box.example/")).status_code == 204
    (only,) = made.clients
    assert not only.is_closed
    await client.aclose()
    assert only.is_closed


async def test_to_close_it_makes_none() -> None:
    made = Made()
    await made_at_first_use(made).aclose()
    assert made.clients == []
