"""Charts off the event loop: one worker process that draws."""

from engine.analytics.charts.render import render_task, warm_task
from engine.analytics.charts.requests import ChartFailed, ChartRequest, Look, NoPicture, Picture
from engine.workers import WorkerFailed, WorkerPool


class ChartWorker:
    """Draws requests in another process; matplotlib and pandas are never loaded into this one."""

    def __init__(self) -> None:
        self._pool = WorkerPool(size=1)

    async def warm(self) -> None:
        """Start the process and load the drawing libraries now instead of at the first picture."""
        await self._pool.warm(warm_task, Look(mode="WARM"))

    async def render(self, request: ChartRequest, timeout_s: float = 20.0) -> Picture | NoPicture | ChartFailed:
        """The picture, a sentence when there is nothing to draw, or why drawing failed, within `timeout_s`."""
        found = await self._pool.run(render_task, request, timeout_s=timeout_s)
        return (
            ChartFailed(f"The picture could not be drawn: {found.reason}.")
            if isinstance(found, WorkerFailed)
            else found
        )

    async def close(self) -> None:
        """Stop the process; a picture being drawn ends as failed."""
        await self._pool.close()
