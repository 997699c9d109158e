"""How the process is, and which versions run."""

from handlers.ports import HealthReport
from handlers.views import words
from handlers.views.format import NONE, esc, span
from handlers.views.table import Table, paragraphs

_UNITS = ("B", "kB", "MB", "GB", "TB")
_LOW_DISK = 1_000_000_000


def size(number: int) -> str:
    """Bytes in the largest unit that keeps a digit before the point: `148 MB`."""
    amount, unit = float(number), 0
    while amount >= 1000 and unit < len(_UNITS) - 1:
        amount, unit = amount / 1000, unit + 1
    return f"{amount:.1f} {_UNITS[unit]}" if 0 < amount < 10 and unit else f"{amount:.0f} {_UNITS[unit]}"


def render_health(report: HealthReport) -> str:
    """HTML of the health report, what is wrong first."""
    troubles = _troubles(report)
    table = Table(10)
    table.row("Up", span(report.uptime_ms)).row("Memory", size(report.memory_bytes))
    table.row("Feed", "no data yet" if report.feed_age_ms is None else f"{report.feed_age_ms / 1000:.1f}s old")
    table.row("Exchange", report.exchange)
    table.row("Database", "ok" if report.database_ok else "NOT WRITING", size(report.database_bytes))
    table.row("Disk free", size(report.disk_free_bytes))
    table.row("Outbox", f"{report.outbox_waiting} waiting")
    tasks = Table(15)
    for task in report.tasks:
        tasks.row(task.name, "ok" if task.ok else "STUCK", NONE if task.age_ms is None else f"{span(task.age_ms)} ago")
    return paragraphs(
        f"<b>Health: {'all well' if not troubles else 'needs attention'}</b> · {esc(words.mode(report.mode))}",
        *(f"• {esc(trouble)}" for trouble in troubles),
        table.html(),
        f"<b>Tasks</b>\n{tasks.html()}" if report.tasks else "",
        render_versions(report),
    )


def _troubles(report: HealthReport) -> list[str]:
    stuck = [
        f"Task {task.name} shows no life. Restart the desk if it stays so." for task in report.tasks if not task.ok
    ]
    database = (
        [] if report.database_ok else ["The database does not write. Entries are blocked, exits go on. Check the disk."]
    )
    disk = [f"Only {size(report.disk_free_bytes)} of disk are free."] if report.disk_free_bytes < _LOW_DISK else []
    return stuck + database + disk


def render_versions(report: HealthReport) -> str:
    """One line of names and versions."""
    return esc(" · ".join(f"{name} {version}" for name, version in report.versions))


def render_version(report: HealthReport) -> str:
    """HTML of the versions and the mode."""
    table = Table(14)
    for name, version in report.versions:
        table.row(name, version)
    table.row("Mode", words.mode(report.mode)).row("Up", span(report.uptime_ms))
    return paragraphs("<b>Version</b>", table.html())
