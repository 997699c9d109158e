"""No value, however hostile or wide, breaks a message: HTML stays whole, columns stay narrow, texts stay sendable."""

import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from html import unescape
from html.parser import HTMLParser

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.localchat.html import parse_html
from engine.core.commands import ACCOUNT, Done, Filter, Refused
from engine.core.snapshot import Snapshot
from handlers.catalogue import command
from handlers.views import confirm, limits, outcome, panel, positions, research, status, strategies, why
from handlers.views import help as help_views
from handlers.views.alerts import render_alert
from handlers.views.balance import render_balance
from handlers.views.performance import render_analytics, render_performance
from handlers.views.summary import render_daily
from handlers.views.table import WIDTH, Table
from handlers.views.trades import render_trades
from tests.unit.views import alert_cases as alerts
from tests.unit.views import examples as ex
from tests.unit.views.cases import CASES, RESULTS

ALLOWED = {"b", "pre", "code", "tg-time"}
NASTY = st.text(alphabet="<>&\"'aZ0 _-/;=:ß€", min_size=1, max_size=40)
AMOUNT = st.decimals(min_value=-(10**13), max_value=10**13, places=4)
AT = {"wall_ms": ex.NOW_MS, "zone": ex.UTC_ZONE}


class Reader(HTMLParser):
    """Checks that tags are Telegram's and closed in order."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ALLOWED, tag
        assert tag not in self.open
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def check(text: str) -> None:
    """The message is whole, narrow and short enough."""
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    assert re.findall(r"&(?!lt;|gt;|amp;|quot;|#x?[0-9a-fA-F]+;)", text) == []
    for block in re.findall(r"<pre>(.*?)</pre>", text, re.DOTALL):
        assert all(len(line) <= WIDTH for line in unescape(block).split("\n")), block
    assert len(unescape(re.sub(r"<[^>]+>", "", text))) <= 4096


def _desk(word: str, amount: Decimal) -> Snapshot:
    position = ex.position(
        word,
        profile=word,
        rule=word,
        unrealised=amount,
        quantity=abs(amount) + 1,
        margin=amount,
        fees=amount,
        entry=abs(amount) + 1,
    )
    profile = replace(
        ex.CFT, name=word, strategy=word, symbols=(word,), rules=((word, True),), size=word, today_net=amount
    )
    limit = ex.limit(word, profile=word, measure=word, value=amount, action=word, in_money=True)
    hold = replace(ex.PAUSE, reason=word, by=word)
    money = dict.fromkeys(("wallet", "equity", "unrealised", "today", "if_all_stop", "exposure", "margin_used"), amount)
    return ex.snapshot(
        account=word,
        state=word,
        reasons=(word,),
        positions=(position,),
        profiles=(profile,),
        limits=(limit,),
        holds=(hold,),
        orders=(replace(ex.ENTRY_ORDER, symbol=word, status=word),),
        symbols=(ex.symbol(word, held_back=(word,)),),
        venue=word,
        **money,
    )


def _state_views(desk: Snapshot, word: str) -> list[Callable[[], str]]:
    position, limit, profile = desk.positions[0], desk.limits[0], desk.profiles[0]
    return [
        lambda: panel.render_panel(desk, **AT),
        lambda: status.render_status(desk, **AT),
        lambda: positions.render_positions(desk, "", **AT),
        lambda: positions.render_card(position, desk, **AT),
        lambda: render_balance(desk, **AT),
        lambda: limits.render_limits(desk, ex.UTC_ZONE),
        lambda: limits.render_limit(limit, Decimal(-3), desk),
        lambda: limits.render_limit_preview(limit, Decimal(-3), desk, loosens=True, second=True),
        lambda: strategies.render_strategies(desk),
        lambda: strategies.render_rules(profile, desk),
        lambda: why.render_why(desk.symbols[0], desk, (ex.Signal(rule=word, check=word, detail=word),), **AT),
        lambda: confirm.render_close_preview(position, 50, desk, wall_ms=ex.NOW_MS),
        lambda: confirm.render_close_all_preview(desk, Filter.ALL, word, wall_ms=ex.NOW_MS, paused=word),
    ]


def _result_views(desk: Snapshot, word: str, amount: Decimal) -> list[Callable[[], str]]:
    trade = replace(
        ex.trade(word), profile=word, reason=word, rule=word, gross=amount, fees=amount, entry=abs(amount) + 1
    )
    result = replace(RESULTS[1], symbol=word, why=word, quantity=abs(amount) + 2, filled=abs(amount) + 1)
    before = {word: desk.positions[0]}
    figures = ex.metrics((trade, replace(trade, position_id="2", exit_ms=trade.exit_ms + 1)))
    day_ms = ex.NOW_MS - ex.NOW_MS % 86_400_000
    return [
        lambda: render_trades((trade,), total=1, page=1, mode=word, zone=ex.VIENNA, ticks={}),
        lambda: render_daily((trade,), (ex.Point(equity=amount),), desk, day_ms=day_ms),
        lambda: render_performance(figures, mode=word),
        lambda: render_analytics(figures, mode=word),
        lambda: outcome.render_closed((result,), before, desk, answer=Done("1", orders=("b",), notes=(word,)), by=word),
        lambda: outcome.render_resumed(Refused("1", word), ACCOUNT, desk, by=word),
        lambda: help_views.render_usage(command("close"), trouble=word, understood=word),
        lambda: help_views.render_unknown_command(word, (word,)),
        lambda: why.render_unknown_symbol(word, (word,)),
        lambda: research.render_stopped(word, word, since_ms=0, until_ms=1, why=word),
        lambda: render_alert(
            replace(alerts.ENTRY, symbol=word, rule=word, price=abs(amount) + 1, notional=amount), zone=ex.VIENNA
        ),
        lambda: render_alert(
            replace(alerts.EXIT, symbol=word, reason=word, net=amount, exit=abs(amount) + 1), zone=ex.VIENNA
        ),
        lambda: render_alert(replace(alerts.LIMIT, key=word, value=amount, closing=(word,)), zone=ex.VIENNA),
        lambda: render_alert(replace(alerts.ORDER, why=word, what=word, quantity=abs(amount)), zone=ex.VIENNA),
    ]


@settings(max_examples=60, deadline=None)
@given(word=NASTY, amount=AMOUNT)
def test_no_text_and_no_number_breaks_a_message(word: str, amount: Decimal) -> None:
    desk = _desk(word, amount)
    for view in (*_state_views(desk, word), *_result_views(desk, word, amount)):
        check(view())


def test_the_local_chat_reads_every_example_as_telegram_would() -> None:
    for _, text, _ in (*CASES, *alerts.ALERTS):
        shown, _ = parse_html(text)
        assert shown.strip()


def test_the_examples_keep_the_rules_too() -> None:
    for _, text, _ in (*CASES, *alerts.ALERTS):
        check(text.replace("(running)", "").replace("(performance)", ""))


@given(
    st.lists(
        st.tuples(st.text("ab <&", max_size=50), st.lists(st.text("0123456789, ", max_size=60), max_size=4)), max_size=6
    )
)
def test_a_table_is_never_wider_than_a_phone_and_loses_nothing(rows: list[tuple[str, list[str]]]) -> None:
    table = Table(8)
    for label, cells in rows:
        table.row(label, *cells)
    text = unescape(table.html().removeprefix("<pre>").removesuffix("</pre>"))
    assert all(len(line) <= WIDTH for line in text.split("\n"))
    wanted = "".join("".join([label, *cells]) for label, cells in rows)
    assert re.sub(r"\s", "", text) == re.sub(r"\s", "", wanted)


def test_a_full_desk_still_fits_into_one_message() -> None:
    crowd = tuple(ex.position(f"{'VERYLONGNAME' * 2}{number:02}USDT", profile="p" * 32) for number in range(50))
    rules = tuple((f"{number} a rule with a rather long name indeed", True) for number in range(20))
    desk = ex.snapshot(
        positions=crowd,
        orders=(ex.ENTRY_ORDER,) * 50,
        holds=(ex.PAUSE,) * 40,
        profiles=(replace(ex.CFT, rules=rules, symbols=tuple(position.symbol for position in crowd)),) * 8,
    )
    check(status.render_status(desk, **AT))
    check(positions.render_positions(desk, "", **AT))
    check(strategies.render_rules(desk.profiles[0], desk))
    check(confirm.render_close_all_preview(desk, Filter.ALL, "", wall_ms=ex.NOW_MS, paused=""))
