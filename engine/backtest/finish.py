"""From a request to a measured result: the run, its metrics, and what a reader must know about it."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from engine.analytics.metrics import Metrics, compute
from engine.analytics.series import EquitySeries
from engine.backtest.loop import run
from engine.backtest.prepare import Prepared
from engine.backtest.request import Fill, Request, Result
from engine.core.money import from_money
from engine.exchanges.simulated import Terms
from engine.validate import readable


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Finished:
    """What came of a backtest. `equity` begins with the balance at the start; `notes` are sentences the reader must
    know; `took_s` is the run's wall time.
    """

    request: Request
    config: Mapping[str, str]
    notes: tuple[str, ...]
    result: Result
    metrics: Metrics
    equity: EquitySeries
    took_s: float


def finish(prepared: Prepared, report: Callable[[float], None] | None = None) -> Finished:
    """Run what was prepared and measure it; `report` gets the share done, 0 … 1. Raises BacktestError."""
    began = time.perf_counter()
    result = run(prepared.request, report)
    took_s = time.perf_counter() - began
    request, initial = prepared.request, from_money(prepared.request.wallet)
    equity = EquitySeries(
        times_ms=np.concatenate([[request.start_ms], result.times]),
        equity=np.concatenate([[float(initial)], result.equity]),
    )
    metrics = compute(
        result.trades,
        equity,
        initial_balance=initial,
        start_ms=request.start_ms,
        end_ms=request.end_ms,
        fills=len(result.fills),
    )
    return Finished(
        request=request,
        config=prepared.config,
        notes=(*prepared.notes, *_told(result, request.terms)),
        result=result,
        metrics=metrics,
        equity=equity,
        took_s=took_s,
    )


def fill_rows(request: Request, fills: Sequence[Fill]) -> list[dict[str, int | str | Decimal]]:
    """Return executions as rows for the report's table."""
    rows: list[dict[str, int | str | Decimal]] = []
    for fill in fills:
        event, instrument = fill.event, request.instruments[fill.event.symbol]
        row: dict[str, int | str | Decimal] = {
            "time_ms": event.at_ms,
            "symbol": event.symbol,
            "side": "buy" if event.buy else "sell",
            "quantity": instrument.quantity(event.qty),
            "price": instrument.price(event.price),
            "fee": from_money(event.fee),
            "kind": event.kind.value,
            "reason": fill.reason,
            "profile": fill.profile,
            "order": event.link_id,
        }
        rows.append(row)
    return rows


def _told(result: Result, terms: Terms) -> list[str]:
    notes = []
    stopped = next((hold for hold in result.holds if hold.lift == "admin"), None)
    if stopped is not None:
        notes.append(f"Trading was stopped at {readable(stopped.set_ms)} ({stopped.reason}) until somebody resumes it.")
    default = Decimal(terms.funding_e8).scaleb(-6).normalize()
    if result.ambiguous:
        share = f"{result.ambiguous} of {len(result.trades)} trades"
        notes.append(f"{share} ended in a bar that held both stop and target; the stop was taken.")
    if result.unfunded:
        notes.append(f"{result.unfunded} funding settlements had no recorded rate and were charged as {default} %.")
    refused = {name.partition(":")[2]: count for name, count in result.signals.items() if name.startswith("refused")}
    if refused:
        most = sorted(refused.items(), key=lambda item: (-item[1], item[0]))
        notes.append(f"Signals refused: {', '.join(f'{count} by {name}' for name, count in most)}.")
    if "cost" in refused:
        asked = sum(count for name, count in result.signals.items() if name != "exit")
        notes.append(f"{refused['cost'] / asked:.1%} of all entry signals were refused because of their cost.")
    return notes
