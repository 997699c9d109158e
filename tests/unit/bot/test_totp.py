"""Codes of authenticators: the vectors of RFC 6238, single use, the lock, the file."""

import asyncio
import base64
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from bot import totp
from bot.factor_file import FILE, FactorFile, FactorFileError
from bot.second_factor import KEY, LOCKED_MS, SecondFactor, without_failures
from engine.journal import JournalUnavailable
from handlers.safety import Right, Shut, Spent, Unready, Wrong
from tests.unit.bot.hand_clock import HandClock

ADA, BEN = 1, 2
RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("at_s", "code"),
    [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ],
)
def test_the_vectors_of_the_standard_hold(at_s: int, code: str) -> None:
    assert totp.code_at(RFC_SECRET, totp.step_at(at_s * 1000)) == code
    assert totp.code_at(RFC_SECRET.lower(), totp.step_at(at_s * 1000)) == code


def test_a_code_counts_in_its_step_and_the_ones_beside_it() -> None:
    now = 50 * totp.STEP_MS
    found = [totp.matching_step(RFC_SECRET, totp.code_at(RFC_SECRET, step), now) for step in (48, 49, 50, 51, 52)]
    assert found == [None, 49, 50, 51, None]
    assert totp.matching_step(RFC_SECRET, "12345é", now) is None


def test_a_secret_that_is_no_base32_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="base32"):
        totp.code_at("not base32!", 1)


def test_new_secrets_are_long_differ_and_are_written_for_people_and_apps() -> None:
    first, second = totp.new_secret(), totp.new_secret()
    assert first != second
    assert len(base64.b32decode(first)) == 20
    assert totp.grouped(first).replace(" ", "") == first
    link = totp.uri(first, desk="main", user="Ada Lovelace")
    assert link.startswith("otpauth://totp/pocketdesk%20main:Ada%20Lovelace?secret=" + first)


class Memory:
    """Settings of users, or a database that is away."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, int | None], Any] = {}
        self.away = False

    async def get(self, key: str, user_id: int | None = None) -> Any:
        self._look()
        return self.kept.get((key, user_id))

    async def set(self, key: str, value: Any, user_id: int | None = None) -> None:
        self._look()
        self.kept[key, user_id] = value

    def _look(self) -> None:
        if self.away:
            raise JournalUnavailable("away")


class Stage:
    """Two people, one of them enrolled."""

    def __init__(self, folder: Path) -> None:
        self.file, self.memory, self.clock = FactorFile(folder), Memory(), HandClock()
        self.file.set(ADA, RFC_SECRET)

    def factor(self) -> SecondFactor:
        """A process that starts now."""
        return SecondFactor(self.file, self.memory, self.clock, required=True)

    def code(self, ahead: int = 0) -> str:
        return totp.code_at(RFC_SECRET, totp.step_at(self.clock.wall_ms()) + ahead)

    def wrong(self) -> str:
        near = {self.code(ahead) for ahead in (-1, 0, 1)}
        return next(code for code in ("000000", "111111", "222222", "333333") if code not in near)


def staged(test: Callable[[Stage], Awaitable[None]]) -> Callable[[Path], None]:
    def run(tmp_path: Path) -> None:
        asyncio.run(_awaited(test(Stage(tmp_path))))

    run.__name__ = getattr(test, "__name__", "test")
    return run


async def _awaited(work: Awaitable[None]) -> None:
    await work


@staged
async def test_a_code_works_once_and_an_older_one_no_more(stage: Stage) -> None:
    factor, code, older = stage.factor(), stage.code(), stage.code(-1)
    assert await factor.check(ADA, code) == Right()
    assert await factor.check(ADA, code) == Spent()
    assert await stage.factor().check(ADA, code) == Spent()
    assert await factor.check(ADA, older) == Spent()
    stage.clock.jump(30)
    assert await factor.check(ADA, stage.code()) == Right()


@staged
async def test_two_tries_at_once_use_a_code_once(stage: Stage) -> None:
    factor = stage.factor()
    found = await asyncio.gather(*(factor.check(ADA, stage.code()) for _ in range(4)))
    assert sorted(type(each).__name__ for each in found) == ["Right", "Spent", "Spent", "Spent"]


@staged
async def test_five_failures_lock_for_five_minutes_whatever_restarts(stage: Stage) -> None:
    left = [await stage.factor().check(ADA, stage.wrong()) for _ in range(5)]
    until = stage.clock.wall_ms() + LOCKED_MS
    assert left == [Wrong(4), Wrong(3), Wrong(2), Wrong(1), Shut(until)]
    assert await stage.factor().check(ADA, stage.code()) == Shut(until)
    assert await stage.factor().ready(ADA) == Shut(until)
    stage.clock.jump(LOCKED_MS / 1000 - 1)
    assert await stage.factor().check(ADA, stage.code()) == Shut(until)
    stage.clock.jump(1)
    assert await stage.factor().ready(ADA) is None
    assert await stage.factor().check(ADA, stage.wrong()) == Wrong(4)
    assert await stage.factor().check(ADA, stage.code()) == Right()


@staged
async def test_unlocked_on_the_host_codes_count_again_and_used_ones_stay_used(stage: Stage) -> None:
    used = stage.code()
    assert await stage.factor().check(ADA, used) == Right()
    for _ in range(5):
        await stage.factor().check(ADA, stage.wrong())
    await stage.memory.set(KEY, without_failures(await stage.memory.get(KEY, ADA)), ADA)
    assert await stage.factor().ready(ADA) is None
    assert await stage.factor().check(ADA, used) == Spent()
    assert await stage.factor().check(ADA, stage.wrong()) == Wrong(4)
    assert without_failures(None) is None


@staged
async def test_a_right_code_forgets_the_failures_before_it(stage: Stage) -> None:
    factor = stage.factor()
    for _ in range(4):
        await factor.check(ADA, stage.wrong())
    assert await factor.check(ADA, stage.code()) == Right()
    assert await factor.check(ADA, stage.wrong()) == Wrong(4)


@staged
async def test_the_failures_of_one_person_do_not_lock_another(stage: Stage) -> None:
    stage.file.set(BEN, RFC_SECRET)
    for _ in range(5):
        await stage.factor().check(ADA, stage.wrong())
    assert await stage.factor().check(BEN, stage.code()) == Right()


@staged
async def test_without_a_secret_or_a_database_no_code_is_right(stage: Stage) -> None:
    for found in (await stage.factor().ready(BEN), await stage.factor().check(BEN, stage.code())):
        assert isinstance(found, Unready)
        assert "pocketdesk users totp enroll 2" in found.why
    stage.memory.away = True
    for found in (await stage.factor().ready(ADA), await stage.factor().check(ADA, stage.code())):
        assert isinstance(found, Unready)
        assert "database" in found.why


@staged
async def test_neither_code_nor_secret_is_kept_with_the_tries(stage: Stage) -> None:
    code = stage.code()
    await stage.factor().check(ADA, stage.wrong())
    await stage.factor().check(ADA, code)
    kept = repr(stage.memory.kept[KEY, ADA])
    assert code not in kept
    assert RFC_SECRET not in kept


def test_the_file_is_for_its_user_alone_and_forgets_what_it_is_told_to(tmp_path: Path) -> None:
    file = FactorFile(tmp_path / "state")
    assert file.secrets() == {}
    file.set(ADA, RFC_SECRET)
    file.set(BEN, "AAAA")
    path = tmp_path / "state" / FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert file.remove(BEN)
    assert not file.remove(BEN)
    assert file.secrets() == {ADA: RFC_SECRET}
    assert [each.name for each in path.parent.iterdir()] == [FILE]


@pytest.mark.parametrize("content", ["{", "[1]", '{"x": "AAAA"}'])
def test_a_broken_file_is_told_without_its_content_and_lets_nobody_in(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content)
    with pytest.raises(FactorFileError, match="cannot be read"):
        FactorFile(tmp_path).secrets()
    factor = SecondFactor(FactorFile(tmp_path), Memory(), HandClock(), required=True)
    assert isinstance(asyncio.run(factor.check(ADA, "123456")), Unready)


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file where the folder would be")
    with pytest.raises(FactorFileError, match="cannot be"):
        FactorFile(tmp_path / "taken").set(ADA, RFC_SECRET)
