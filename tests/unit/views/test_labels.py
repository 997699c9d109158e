"""With several accounts every message names its account, once."""

import pytest

from handlers.views.labels import labelled


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "<b>SOLUSDT LONG opened</b> · LIVE · cft\nRule 5",
            "<b>a-1</b> · <b>SOLUSDT LONG opened</b> · LIVE · cft\nRule 5",
        ),
        ("<b>LIVE · a-1 · RUNNING</b>", "<b>LIVE · a-1 · RUNNING</b>"),
        ("<b>Close all</b> · a-1 · LIVE\nx", "<b>Close all</b> · a-1 · LIVE\nx"),
        ("<b>LIVE · a-10</b>", "<b>a-1</b> · <b>LIVE · a-10</b>"),
        ("<b>a-1</b> · Closing", "<b>a-1</b> · Closing"),
        ("<b>Positions</b>\nLIVE · a-1", "<b>a-1</b> · <b>Positions</b>\nLIVE · a-1"),
        ("<pre>table</pre>", "<b>a-1</b>\n<pre>table</pre>"),
    ],
)
def test_the_first_line_names_the_account_once(text: str, shown: str) -> None:
    assert labelled(text, "a-1") == shown
    assert labelled(text, "") == text
