"""Delivers updates to a bot's webhook: one after the other, again until the bot accepts them."""

import asyncio
from typing import TYPE_CHECKING

from bot.localchat.core import Core
from bot.localchat.errors import JsonObject
from bot.localchat.world import Bot

if TYPE_CHECKING:
    from aiohttp import ClientSession

_TIMEOUT_S = 60
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 60.0


class Webhooks:
    """One delivery task per bot that has a webhook, started when there is something to deliver."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._tasks: dict[int, asyncio.Task[None]] = {}

    def wake(self, bot: Bot) -> None:
        """See to it that a bot's updates are delivered, if it has a webhook."""
        task = self._tasks.get(bot.id)
        if bot.settings.get("webhook") and (task is None or task.done()):
            self._tasks[bot.id] = asyncio.create_task(self._run(bot))

    async def stop(self) -> None:
        """End all deliveries; what was not accepted stays queued."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks.clear()

    async def _run(self, bot: Bot) -> None:
        from aiohttp import ClientSession, ClientTimeout

        async with ClientSession(timeout=ClientTimeout(total=_TIMEOUT_S)) as session:
            pause = _FIRST_PAUSE_S
            while (hook := bot.settings.get("webhook")) and (bodies := self._next(bot)):
                failure = await _post(session, hook, bodies[0])
                if not failure:
                    pause = _FIRST_PAUSE_S
                    self._core.world.commit("confirm", bot=bot.id, below=bodies[0]["update_id"] + 1)
                    continue
                error = {"last_error_date": self._core.now(), "last_error_message": failure}
                self._core.world.commit("setting", bot=bot.id, name="webhook_error", value=error)
                await asyncio.sleep(pause)
                pause = min(_LONGEST_PAUSE_S, pause * 2)

    def _next(self, bot: Bot) -> list[JsonObject]:
        return bot.queue.take(limit=1, now=self._core.clock())


async def _post(session: "ClientSession", hook: JsonObject, body: JsonObject) -> str:
    from aiohttp import ClientError

    headers = {"X-Telegram-Bot-Api-Secret-Token": hook["secret"]} if hook["secret"] else {}
    try:
        async with session.post(hook["url"], json=body, headers=headers, allow_redirects=False) as response:
            if 200 <= response.status < 300:
                return ""
            return f"Wrong response from the webhook: {response.status} {response.reason}"
    except TimeoutError:
        return "Read timeout expired"
    except ClientError:
        return "Connection refused"
