"""Backtests: the synchronous loop over history, driving the same trader and simulated exchange as paper trading."""

from engine.backtest.loop import run
from engine.backtest.request import BacktestError, Request, Result

__all__ = ["BacktestError", "Request", "Result", "run"]
