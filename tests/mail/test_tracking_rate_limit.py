"""How many opens and clicks one address may have counted."""

from buildos_box.mail.tracking_rate_limit import TrackingRateLimit


def test_each_address_has_its_own_number_in_each_minute() -> None:
    now = 0.0
    limit = TrackingRateLimit(2, lambda: now)
    assert [limit.allows("a") for _ in range(4)] == [True, True, False, False]
    assert limit.allows("b")
    now = 59.9
    assert not limit.allows("a")
    now = 60.0
    assert [limit.allows("a") for _ in range(3)] == [True, True, False]
    now = 120.5
    assert [limit.allows("a") for _ in range(3)] == [True, True, False]


def test_none_per_minute_means_no_limit() -> None:
    limit = TrackingRateLimit(0, lambda: 0.0)
    assert all(limit.allows("a") for _ in range(100))
