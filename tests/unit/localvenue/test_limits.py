"""Request limits: rolling seconds per account and endpoint, five seconds per address."""

from bot.localvenue.ratelimit import APPLY_PATH, IP_REQUESTS, RateLimiter

CREATE = "/v5/order/create"


def limiter(*, enabled: bool = True) -> RateLimiter:
    return RateLimiter(enabled=enabled, ban_s=600.0)


def test_the_eleventh_order_within_a_second_is_refused_and_the_reset_is_named() -> None:
    limits = limiter()
    for number in range(10):
        grant = limits.take(1, CREATE, 100.0 + number / 20)
        assert grant is not None
        assert (grant.passed, grant.left) == (1, 9 - number)
    refused = limits.take(1, CREATE, 100.6)
    assert refused is not None
    assert (refused.passed, refused.limit, round(refused.reset_s, 3)) == (0, 10, 0.4)


def test_the_window_rolls() -> None:
    limits = limiter()
    for number in range(10):
        limits.take(1, CREATE, 100.0 + number / 20)
    grant = limits.take(1, CREATE, 101.0)
    assert grant is not None
    assert grant.passed == 1


def test_accounts_and_endpoints_have_limits_of_their_own() -> None:
    limits = limiter()
    for _ in range(10):
        limits.take(1, CREATE, 5.0)
    for uid, path in ((2, CREATE), (1, "/v5/order/cancel")):
        grant = limits.take(uid, path, 5.0)
        assert grant is not None
        assert grant.passed == 1


def test_of_a_batch_the_part_above_the_limit_fails() -> None:
    limits = limiter()
    limits.take(1, "/v5/order/create-batch", 5.0, wanted=7)
    grant = limits.take(1, "/v5/order/create-batch", 5.0, wanted=5)
    assert grant is not None
    assert grant.passed == 3


def test_paths_without_a_limit_are_free() -> None:
    assert limiter().take(1, "/v5/market/time", 1.0) is None


def test_demo_money_can_be_asked_for_once_a_minute() -> None:
    limits = limiter()
    passed = [grant.passed for at in (0.0, 59.0, 60.5) if (grant := limits.take(1, APPLY_PATH, at)) is not None]
    assert passed == [1, 0, 1]


def test_an_address_that_asks_too_often_is_shut_out_for_ten_minutes() -> None:
    limits = limiter()
    assert not any(limits.is_banned("a", 10.0) for _ in range(IP_REQUESTS))
    assert limits.is_banned("a", 14.9)
    assert limits.is_banned("a", 600.0)
    assert not limits.is_banned("b", 14.9)
    assert not limits.is_banned("a", 615.0)


def test_a_pardon_lifts_the_ban() -> None:
    limits = limiter()
    for _ in range(IP_REQUESTS + 1):
        limits.is_banned("a", 10.0)
    limits.pardon()
    assert not limits.is_banned("a", 10.0)


def test_limits_can_be_switched_off() -> None:
    limits = limiter(enabled=False)
    assert not any(limits.is_banned("a", 1.0) for _ in range(IP_REQUESTS * 2))
    grants = [limits.take(1, CREATE, 1.0) for _ in range(50)]
    assert all(grant is not None and grant.passed == 1 for grant in grants)
