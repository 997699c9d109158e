"""Tests of the backtest, piece by piece."""
