"""How many connections there may be, which make way, and which are closed for being late."""

import asyncio
import math

import pytest

from buildos_box.server.connections import SWEEP_SECONDS, ConnectionLimits, ConnectionRegistry


class Peer:
    """A connection that notes what is done to it."""

    def __init__(self, address: str = "a", deadline: float = math.inf) -> None:
        self.address = address
        self.deadline = deadline
        self.waiting = 0
        self.done: list[str] = []

    def on_deadline(self) -> None:
        self.done.append("late")

    def unsent(self) -> int:
        return self.waiting

    def close(self) -> None:
        self.done.append("closed")

    def abort(self) -> None:
        self.done.append("aborted")


def registry(total: int = 4, per_address: int = 2) -> ConnectionRegistry:
    """Addresses count by their first letter; `p` is a proxy's."""
    return ConnectionRegistry(
        ConnectionLimits(total=total, per_address=per_address, send_seconds=30),
        group_of=lambda address: address[0],
        is_shared=lambda address: address == "p",
    )


def test_a_group_of_addresses_has_its_share_of_all_connections() -> None:
    found = registry()
    assert [found.admit(Peer(address)) for address in ("a1", "a2", "a3")] == [True, True, False]
    assert [found.admit(Peer(address)) for address in ("b", "c", "d")] == [True, True, False]
    assert len(found) == 4


def test_a_proxy_counts_for_all_connections_alone() -> None:
    found = registry()
    assert [found.admit(Peer("p")) for _ in range(5)] == [True] * 4 + [False]


def test_addresses_are_groups_of_their_own_unless_told_otherwise() -> None:
    found = ConnectionRegistry(ConnectionLimits(total=9, per_address=1))
    assert [found.admit(Peer(address)) for address in ("a1", "a2", "a1")] == [True, True, False]


def test_the_one_of_the_group_that_is_idle_for_longest_makes_way() -> None:
    found = registry()
    first, second, other = Peer("a1"), Peer("a2"), Peer("b")
    for peer in (other, first, second):
        assert found.admit(peer)
        found.is_idle(peer)
    found.is_busy(first)
    found.is_idle(first)
    assert found.admit(Peer("a3"))
    assert (first.done, second.done, other.done) == ([], ["closed"], [])
    assert len(found) == 3


def test_any_idle_one_makes_way_where_all_are_too_many() -> None:
    found = registry(total=2)
    busy, idle = Peer("a"), Peer("b")
    found.admit(busy)
    found.admit(idle)
    assert not found.admit(Peer("c"))
    found.is_idle(idle)
    assert found.admit(Peer("c"))
    assert (busy.done, idle.done) == ([], ["closed"])
    assert not found.admit(Peer("d"))


def test_a_closed_connection_counts_no_more_and_is_never_idle() -> None:
    found = registry(per_address=1)
    gone = Peer("a")
    found.admit(gone)
    found.forget(gone)
    found.forget(gone)
    found.is_idle(gone)
    assert len(found) == 0
    assert found.admit(Peer("a"))
    assert not found.admit(Peer("a"))
    assert gone.done == []


def test_what_is_late_is_told_so_from_its_deadline_on() -> None:
    found = registry()
    now, later, never = Peer("a", 10.0), Peer("b", 10.1), Peer("c")
    for peer in (now, later, never):
        found.admit(peer)
    found.close_overdue(10.0)
    assert (now.done, later.done, never.done) == (["late"], [], [])


def test_who_reads_nothing_of_an_answer_for_too_long_is_cut_off() -> None:
    found, peer = registry(), Peer()
    found.admit(peer)
    peer.waiting = 100
    found.close_overdue(0.0)
    peer.waiting = 99
    found.close_overdue(29.9)
    found.close_overdue(59.8)
    assert peer.done == []
    peer.waiting = 0
    found.close_overdue(59.9)
    peer.waiting = 99
    found.close_overdue(60.0)
    found.close_overdue(89.9)
    assert peer.done == []
    found.close_overdue(90.0)
    assert peer.done == ["aborted"]


@pytest.mark.parametrize("waiting", [100, 200])
def test_who_reads_slower_than_more_comes_is_cut_off_too(waiting: int) -> None:
    found, peer = registry(), Peer()
    found.admit(peer)
    peer.waiting = 100
    found.close_overdue(0.0)
    peer.waiting = waiting
    found.close_overdue(30.0)
    assert peer.done == ["aborted"]


async def test_connections_of_later_are_swept_too() -> None:
    """While there is none, nobody looks for late ones."""
    found = registry()
    sweeping = asyncio.create_task(found.sweep())
    for _ in range(2):
        await asyncio.sleep(0.05)
        late = Peer(deadline=0)
        found.admit(late)
        for _ in range(100):
            if late.done:
                break
            await asyncio.sleep(0.05)
        assert late.done[:1] == ["late"]
        found.forget(late)
        await asyncio.sleep(SWEEP_SECONDS * 1.5)
    sweeping.cancel()
