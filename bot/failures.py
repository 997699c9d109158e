"""What can go wrong at the command line, told in one line; the exit code is 1. Anything else is a bug and shows itself
whole.
"""

import sys
from types import TracebackType

_KNOWN = (
    ("bot.accounts", "AccountError"),
    ("bot.demo", "DemoError"),
    ("bot.localvenue.store", "StoreError"),
    ("bot.lock", "AlreadyRunningError"),
    ("bot.polling", "PollingRefusedError"),
    ("bot.tasks", "TaskDiedError"),
    ("engine.backtest", "BacktestError"),
    ("engine.datafiles", "DataFileError"),
    ("engine.exchanges.base", "QueryFailedError"),
    ("engine.exchanges.paper_store", "PaperStoreError"),
    ("engine.journal", "JournalUnavailable"),
    ("storage.lease", "LeaseHeldError"),
)


def install() -> None:
    """Tell known failures in one line from now on."""
    sys.excepthook = _tell


def _tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    if isinstance(error, _known()):
        sys.stderr.write(f"pocketdesk: {_one_line(error)}\n")
        return
    sys.__excepthook__(kind, error, trace)


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _known() -> tuple[type[BaseException], ...]:
    # Looked up, not imported: what was never imported cannot have failed, and a failure is told at once.
    modules = ((sys.modules.get(module), name) for module, name in _KNOWN)
    return (OSError, *(getattr(module, name) for module, name in modules if module is not None))
