"""Failures of market data and of time."""

from tests.failures.row import Failure

DATA = (
    Failure(
        number=21,
        title="Candles are old",
        wrong="The market goes on, the stream of candles does not; a strategy decides on what was true an hour ago.",
        does="asks no strategy without a new bar, measures a bar's age by the exchange's time, fetches what it missed "
        "as history, tells of trouble and its end once each, and trades again on the next bar that closes.",
        proofs={
            "integration/bybit/test_desk_candles.py": (
                "test_after_an_hour_without_candles_nothing_is_entered_before_the_next_bar_that_closes",
            ),
            "integration/bybit/test_feed.py": (
                "test_market_data_that_stays_away_is_told_after_ten_seconds_and_its_return_too",
                "test_what_closed_while_the_stream_was_down_is_fetched_and_not_traded_on",
            ),
            "unit/core/test_checks.py": ("test_data_is_fresh_by_bars_and_by_minutes",),
            "unit/core/test_guards.py": (
                "test_a_position_without_a_price_for_a_minute_is_told_of_once_and_again_after_it_was_back",
            ),
        },
    ),
    Failure(
        number=22,
        title="Candles are unfinished, repeated, missing or revised",
        wrong="A signal on a bar that is not over is a ghost; one bar told twice trades twice.",
        does="makes events of finished bars alone, once each; fetches holes in order and shows what it fetched as "
        "history, on which nothing is opened.",
        proofs={
            "properties/test_candles_live.py": (
                "test_whatever_arrives_the_store_holds_an_unbroken_run_of_true_candles",
            ),
            "unit/bybit/test_bars.py": (
                "test_bars_in_order_are_live_and_repetitions_change_nothing",
                "test_a_gap_is_fetched_and_only_its_newest_bar_is_told_and_not_as_live",
                "test_a_bar_that_comes_late_opens_nothing",
            ),
            "unit/bybit/test_parse_documented.py": ("test_candles_are_read_from_both_sources",),
            "unit/live/test_marketdata.py": ("test_a_bar_that_comes_twice_is_told_once",),
            "unit/core/test_entries.py": (
                "test_one_bar_is_decided_once_even_across_a_restart",
                "test_a_backfilled_bar_opens_nothing_and_may_close",
            ),
        },
    ),
    Failure(
        number=23,
        title="A value is absent, zero or absurd",
        wrong="Not-a-number becomes a size, a price of zero a sale.",
        does="reads every message into checked types or into a complaint, never into a number; indicators are absent "
        "until they are warm; a price far from the mark or a bar of ten average ranges opens nothing.",
        proofs={
            "properties/test_bybit_parse.py": (
                "test_arbitrary_json_never_raises_and_never_becomes_a_number",
                "test_a_sound_payload_with_one_harm_never_raises_and_never_lies",
                "test_any_bytes_are_a_reply",
            ),
            "unit/market/test_indicator_values.py": (
                "test_a_value_is_absent_until_it_is_warm_and_present_after",
                "test_a_value_that_is_not_a_number_never_reaches_talib",
            ),
            "unit/core/test_market.py": ("test_an_impossible_candle_is_refused",),
            "unit/core/test_checks.py": (
                "test_the_last_price_is_near_the_mark",
                "test_a_candle_of_ten_average_ranges_is_not_sane",
                "test_without_a_price_nothing_is_bought",
            ),
            "integration/bybit/test_account.py": ("test_a_part_that_is_missing_or_bad_is_no_report",),
        },
    ),
    Failure(
        number=24,
        title="The clocks change, the day ends",
        wrong="A report comes twice or not at all; a daily limit begins anew at the wrong hour, or twice.",
        does="counts its days in UTC and reports at the user's time of day, once for each day, through restarts; what "
        "was missed is sent late and marked.",
        proofs={
            "unit/bot/test_schedule.py": (
                "test_each_day_is_reported_once_through_a_change_of_the_clocks",
                "test_a_restart_at_any_minute_around_the_due_time_neither_repeats_nor_loses_a_report",
                "test_what_was_missed_is_marked_late_and_what_is_on_time_is_not",
            ),
            "integration/bot/test_daily.py": (
                "test_a_summary_is_sent_once_a_day_through_restarts",
                "test_a_summary_claimed_by_a_process_that_died_is_sent_by_the_next_exactly_once",
            ),
            "unit/core/test_limit_actions.py": (
                "test_a_daily_limit_begins_anew_at_midnight_and_its_hold_ends_then",
                "test_a_hold_whose_day_passed_while_the_desk_was_down_is_measured_before_it_is_lifted",
            ),
        },
    ),
)
