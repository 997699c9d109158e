"""What can go wrong at the command line, told in one line; the exit code is 1. Anything else is a bug and shows itself
whole.
"""

import sys
from types import TracebackType


def install() -> None:
    """Tell known failures in one line from now on."""
    sys.excepthook = _tell


def _tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    if isinstance(error, _known()):
        print(f"pocketdesk: {_one_line(error)}", file=sys.stderr)  # noqa: T201  # this is the command line
        return
    sys.__excepthook__(kind, error, trace)


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _known() -> tuple[type[BaseException], ...]:
    # Imported when something failed: a start must not pay for it.
    from bot.accounts import AccountError
    from bot.demo import DemoError
    from bot.lock import AlreadyRunningError
    from bot.polling import PollingRefusedError
    from bot.tasks import TaskDiedError
    from engine.backtest import BacktestError
    from engine.datafiles import DataFileError
    from engine.exchanges.paper_store import PaperStoreError
    from engine.journal import JournalUnavailable

    desk = (AccountError, AlreadyRunningError, DemoError, PollingRefusedError, TaskDiedError)
    return (*desk, BacktestError, DataFileError, JournalUnavailable, PaperStoreError, OSError)
