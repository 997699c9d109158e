"""The chat side of a running desk, put together: bot, guard, screens, outbox, panel, schedule."""

import asyncio
from collections.abc import Collection, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import ClientDecodeError, TelegramAPIError

from bot.access import ClaimCode
from bot.clock import Clock, SystemClock, wait_for_event
from bot.confirmations import Confirm
from bot.middleware import Gate, GuardedDispatcher
from bot.middleware_guard import Guard, Roles
from bot.outbox import Outbox
from bot.outbox_compose import Composer, read_alert
from bot.pacer import Pacer, TryLaterError
from bot.panel import PanelKeeper
from bot.polling import Poller, Signals, Trouble, findings, publish_commands
from bot.quiet import QuietHours, QuietTeller
from bot.safety import SafetyDesk
from bot.schedule import Daily, Plan, Schedule, Upkeep
from bot.seats import BindAccount, Room, Seats
from bot.second_channel import Pulse, SecondChannel, Shout
from bot.seen import Watch, build_seen_router
from bot.tasks import Supervisor
from config.logging import get_logger
from config.settings import Settings
from engine.core.alerts import Alert, EmergencyAlert, SystemAlert
from engine.core.chat_events import ApprovalDelivered, ChatEvent
from engine.core.codec import encode
from engine.core.commands import Pause
from engine.journal import JournalUnavailable
from handlers import build_router
from handlers.jobs import PASSING, Jobs
from handlers.ports import ChartPort, HealthPort, Role
from handlers.seats import Seat
from handlers.views.words import ticks
from storage.outbox import OutboxRow
from storage.priority import Priority

_log = get_logger(__name__)
_DRAIN_S = 10.0
_PUBLISH_EVERY_S = 60.0
_LISTEN_EVERY_S = 2.0


class Wellness(HealthPort, Protocol):
    """Health for people and for the dead man's switch."""

    def healthy(self) -> bool:
        """Whether every part shows life."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    bot: Bot
    pacer: Pacer
    dispatcher: GuardedDispatcher
    poller: Poller
    outbox: Outbox
    panel: PanelKeeper
    watch: Watch
    schedule: Schedule
    channel: SecondChannel
    guard: Guard
    roles: Roles


class ChatService:
    """`start`, then supervise `tasks`, then `stop`. Never needs Telegram to start: it is waited for beside the desk.

    `rooms` are the accounts; the store of the first holds what is common.
    `wake_outbox` is for bot.outbox_wake.WakingJournal. `claim_code` is to be printed on the host's terminal.
    Raises ValueError when there is no bot token.
    """

    def __init__(
        self,
        settings: Settings,
        rooms: Sequence[Room],
        *,
        charts: ChartPort,
        health: Wellness,
        clock: Clock | None = None,
    ) -> None:
        self._settings, self._rooms, self._store = settings, tuple(rooms), rooms[0].store
        self._clock = clock or SystemClock()
        self._zone = ZoneInfo(settings.desk_timezone)
        self._told_commands: dict[int, Role] = {}
        self._seats = self._seated()
        self._safety = SafetyDesk(settings, self._rooms, self._clock)
        self._quiet = QuietHours(self._store.settings, self._clock, self._zone)
        self._parts = self._build(charts, health)

    async def start(self) -> None:
        """Read what is stored; raises JournalUnavailable."""
        parts = self._parts
        await parts.roles.refresh()
        await parts.watch.load()
        await self._seats.load()
        await self._quiet.load()
        if not parts.roles.has_owner:
            parts.guard.claim = ClaimCode(self._clock.wall_ms())
            _log.warning("the desk has no owner: nobody can use the chat yet")
        parts.schedule.start()

    @property
    def claim_code(self) -> str | None:
        """What the first owner sends as `/claim CODE` within 10 minutes; None when the desk has an owner."""
        claim = self._parts.guard.claim
        return claim.code if claim is not None else None

    def wake_outbox(self) -> None:
        """Alerts have become durable."""
        self._parts.outbox.wake()

    def tasks(self, supervisor: Supervisor) -> list[tuple[str, Coroutine[Any, Any, None]]]:
        """The long-lived tasks that tell, by name."""
        parts = self._parts
        return [
            ("outbox", parts.outbox.run(supervisor.heartbeat("outbox"))),
            ("critical alerts", parts.watch.run(supervisor.heartbeat("critical alerts"))),
            ("quiet hours", self._quiet_teller().run(supervisor.heartbeat("quiet hours"))),
            ("commands", self._publish(supervisor.heartbeat("commands"))),
            ("host", self._listen(supervisor.heartbeat("host"))),
        ]

    def answering(self, supervisor: Supervisor) -> list[tuple[str, Coroutine[Any, Any, None]]]:
        """The long-lived tasks that show the desk, by name. The poller raises PollingRefusedError when this token is
        not to be used.
        """
        parts = self._parts
        parts.poller.beat = supervisor.heartbeat("telegram")
        return [
            ("telegram", parts.poller.run()),
            ("panel", parts.panel.run(supervisor.heartbeat("panel"))),
        ]

    def _quiet_teller(self) -> QuietTeller:
        return QuietTeller(self._quiet, self._clock, admins=self._parts.roles.admins, tell=self._tell_all)

    async def stop(self) -> None:
        """Let handlers finish, then end everything and close the session."""
        parts = self._parts
        parts.schedule.stop()
        given_up = await parts.poller.drain(_DRAIN_S)
        if given_up:
            _log.error("handlers given up at the end", count=given_up)
        await parts.dispatcher.emit_shutdown(bot=parts.bot, **parts.dispatcher.workflow_data)
        await parts.panel.close()
        await parts.watch.close()
        await parts.outbox.close()
        await parts.pacer.drain()
        await parts.bot.session.close()

    async def alert(self, alert: Alert) -> None:
        """Send an alert of the chat side itself; straight to Telegram and the second channel when it cannot be kept."""
        try:
            await self._store.outbox.add(
                None,
                type(alert).__name__,
                encode(alert),
                Priority.CRITICAL if getattr(alert, "critical", False) else Priority.ALERT,
                critical=bool(getattr(alert, "critical", False)),
                created_ms=alert.at_ms,
            )
        except JournalUnavailable:
            await self.urgent(alert)
        self._parts.outbox.wake()

    async def urgent(self, alert: Alert) -> None:
        """Send an alert that the database does not take: to every chat now, and to the second channel."""
        await self.last_words(alert, "The database is away.")

    async def last_words(self, alert: Alert, why: str) -> None:
        """Send an alert without a record, everywhere at once."""
        title = getattr(alert, "title", type(alert).__name__)
        shout = Shout(
            text=f"{why} {title}".strip(),
            desk=self._settings.desk_name,
            mode=self._settings.desk_mode,
            at_ms=self._clock.wall_ms(),
        )
        await asyncio.gather(self._parts.outbox.urgent(alert), self._parts.channel.shout(shout))

    def _seated(self) -> Seats:
        made = [
            Seat(
                name=room.store.account,
                desk=room.desk,
                store=room.store,
                confirm=Confirm(room.store.confirmations, self._clock, account=room.store.account),
                research=room.research,
                health=room.health,
                sync=room.sync,
            )
            for room in self._rooms
        ]
        return Seats(made, self._store.settings, mode=self._settings.desk_mode.value)

    def _ticks(self) -> dict[str, Decimal]:
        return {symbol: tick for room in self._rooms for symbol, tick in ticks(room.desk.snapshot()).items()}

    def _build(self, charts: ChartPort, health: Wellness) -> _Parts:
        settings, store, clock = self._settings, self._store, self._clock
        pacer = Pacer(clock)
        bot = _bot(settings, pacer)
        roles, channel = Roles(settings.telegram_admin_ids, store.users), SecondChannel(settings.alert_url)
        watch = self._watch(bot, channel, roles)
        outbox = self._outbox(bot, roles, watch)
        panel = PanelKeeper(bot, store.panels, self._seats.snapshots, clock, zone=self._zone)
        guard = Guard(store, roles, clock, touched=panel.touch)
        dispatcher = self._dispatcher(guard, charts, watch)
        signals = Signals(on_trouble=self._on_trouble, on_clear=self._on_clear)
        return _Parts(
            bot=bot,
            pacer=pacer,
            dispatcher=dispatcher,
            poller=Poller(bot, dispatcher.feed_update, clock, signals),
            outbox=outbox,
            panel=panel,
            watch=watch,
            schedule=self._schedule(outbox, roles, health),
            channel=channel,
            guard=guard,
            roles=roles,
        )

    def _outbox(self, bot: Bot, roles: Roles, watch: Watch) -> Outbox:
        composer = Composer(
            self._zone,
            self._ticks,
            self._seats.mark,
            acts=lambda chat: chat in roles.admins(),
            quiet=self._quiet.is_quiet,
        )

        def sent(row: OutboxRow) -> None:
            if row.kind == EmergencyAlert.__name__ and row.chat_id in roles.admins():
                self._delivered(row)

        return Outbox(
            bot,
            self._store.outbox,
            composer,
            self._clock,
            recipients=roles.ids,
            on_critical=watch.begin,
            on_settled=watch.settle,
            on_sent=sent,
        )

    def _delivered(self, row: OutboxRow) -> None:
        alert = read_alert(row.payload["alert"])
        if isinstance(alert, EmergencyAlert):
            for room in self._rooms:
                if room.store.account == alert.account:
                    room.tell(ApprovalDelivered(alert.number, alert.at_ms))

    def _tell_all(self, event: ChatEvent) -> None:
        for room in self._rooms:
            room.tell(event)

    def _watch(self, bot: Bot, channel: SecondChannel, roles: Roles) -> Watch:
        return Watch(
            bot,
            self._store.settings,
            channel,
            self._clock,
            admins=roles.admins,
            desk=self._settings.desk_name,
            mode=self._settings.desk_mode,
        )

    def _dispatcher(self, guard: Guard, charts: ChartPort, watch: Watch) -> GuardedDispatcher:
        dispatcher = GuardedDispatcher(
            guard, charts=charts, zone=self._zone, watch=watch, safety=self._safety.ports, quiet=self._quiet
        )
        bind = BindAccount(self._seats)
        dispatcher.message.outer_middleware(bind)
        dispatcher.callback_query.outer_middleware(bind)
        gate = Gate(self._clock, self._store.audit, locked=self._safety.lockdown.reason)
        dispatcher.message.middleware(gate)
        dispatcher.callback_query.middleware(gate)
        dispatcher.include_router(build_seen_router())
        dispatcher.include_router(build_router(Jobs(passing=(*PASSING, TryLaterError))))
        return dispatcher

    def _schedule(self, outbox: Outbox, roles: Roles, health: Wellness) -> Schedule:
        dailies = [self._daily(room, outbox, roles) for room in self._rooms]
        upkeep = Upkeep(healthy=health.healthy, pulse=Pulse(self._settings.heartbeat_url).beat)
        return Schedule([room.store for room in self._rooms], dailies, upkeep, self._clock)

    def _daily(self, room: Room, outbox: Outbox, roles: Roles) -> Daily:
        account, settings = room.store.account, self._settings
        plan = Plan(
            zone=self._zone,
            at=settings.daily_summary_at,
            recipients=roles.ids,
            desk=account,
            mode=settings.desk_mode,
        )

        async def say(chat_ids: Collection[int], text: str, *, once: str) -> None:
            await outbox.say(chat_ids, text, once=f"{account}.{once}" if self._seats.several else once)

        return Daily(room.store, room.desk.snapshot, say, self._clock, plan)

    async def _publish(self, beat: Any) -> None:
        # Roles change rarely and Telegram may be away: what is not yet told is told at the next look.
        while True:
            beat()
            with suppress(TelegramAPIError, ClientDecodeError, TypeError, TryLaterError, JournalUnavailable):
                await self._parts.roles.refresh()
                await self._tell_commands()
            await self._clock.sleep(_PUBLISH_EVERY_S)

    async def _listen(self, beat: Any) -> None:
        """Take in what the host's commands changed, within seconds."""
        while True:
            beat()
            with suppress(JournalUnavailable):
                for title, detail in await self._safety.look(self._parts.roles):
                    await self.alert(self._system(title, detail, topic="host"))
            await wait_for_event(self._safety.lockdown.changed, _LISTEN_EVERY_S, self._clock)

    async def _tell_commands(self) -> None:
        bot, now = self._parts.bot, dict(self._parts.roles.now)
        if self._told_commands == now:
            return
        for words in findings(await bot.get_me(request_timeout=10)):
            _log.warning("the bot's account is open wider than it need be", finding=words)
        for words in await publish_commands(bot, now):
            _log.info("commands not told", why=words)
        self._told_commands = now

    async def _on_trouble(self, trouble: Trouble, words: str) -> None:
        now = self._clock.wall_ms()
        pause = Pause(command_id=f"polling.{trouble}.{now}", by="desk", wall_ms=now)
        await asyncio.gather(*(room.desk.command(pause) for room in self._rooms))
        shout = Shout(
            text=f"{words} Entries are paused; stops and exits go on.",
            desk=self._settings.desk_name,
            mode=self._settings.desk_mode,
            at_ms=now,
        )
        title = "Telegram commands do not come in"
        detail = f"{words} Entries are paused; stops and exits go on. /resume when it is settled."
        await asyncio.gather(self._parts.channel.shout(shout), self.alert(self._system(title, detail, critical=True)))

    async def _on_clear(self) -> None:
        await self.alert(self._system("Telegram commands come in again", "Entries stay paused until /resume."))

    def _system(self, title: str, detail: str, *, critical: bool = False, topic: str = "telegram") -> SystemAlert:
        snapshot = self._rooms[0].desk.snapshot()
        return SystemAlert(
            account=snapshot.account,
            mode=snapshot.mode,
            at_ms=snapshot.market_ms,
            topic=topic,
            title=title,
            detail=detail,
            critical=critical,
        )


def _bot(settings: Settings, pacer: Pacer) -> Bot:
    if settings.telegram_bot_token is None:
        raise ValueError("TELEGRAM_BOT_TOKEN is not set: get a token from BotFather and put it into .env")
    session = AiohttpSession(api=TelegramAPIServer.from_base(settings.telegram_api_url), timeout=30)
    session.middleware(pacer)
    return Bot(settings.telegram_bot_token.get_secret_value(), session=session)
