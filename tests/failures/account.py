"""Failures of the exchange and of the account on it."""

from tests.failures.row import Failure

LOCAL = "integration/bybit/test_desk_account.py"
DESK = "integration/bybit/test_desk.py"
ACCOUNT = (
    Failure(
        number=12,
        title="Somebody trades the account by hand",
        wrong="A position is closed, enlarged, halved or turned over on the exchange's own page, at any moment of an "
        "order's life.",
        does="takes the exchange's truth, cancels what could still open, says so once, and never answers with an "
        "order. A symbol closed by hand rests until a fresh signal after its cooldown; a position turned over is "
        "external and left alone.",
        proofs={
            "integration/bybit/test_desk_orders.py": (
                "test_what_the_owner_does_by_hand_is_taken_over_told_once_and_answered_by_no_order",
            ),
            "scenarios/test_by_hand.py": (
                "test_a_trade_by_hand_is_taken_over_and_never_answered_with_an_opening_order",
                "test_a_position_flipped_by_hand_is_external_and_left_alone",
            ),
            "unit/core/test_evidence.py": (
                "test_a_trade_by_hand_that_leaves_a_position_is_told_once_however_many_parts_it_fills_in",
                "test_a_close_by_hand_rests_four_hours_where_the_profile_has_no_rest",
            ),
            "unit/core/test_reconcile.py": (
                "test_what_nothing_of_ours_explains_is_adopted_and_told",
                "test_a_position_turned_over_outside_ends_one_trade_and_begins_an_external_position",
            ),
        },
    ),
    Failure(
        number=13,
        title="The exchange takes a position away",
        wrong="A liquidation, or auto-deleveraging of all or a part.",
        does="books it under its own reason, holds the account to reducing until an admin resumes, and alarms. No "
        "entry is sent whose stop lies beyond the liquidation price less a buffer.",
        proofs={
            LOCAL: ("test_what_the_exchange_takes_away_is_booked_as_that_holds_the_account_and_alarms",),
            "unit/core/test_evidence.py": ("test_a_forced_close_books_its_reason_and_leaves_only_reducing",),
            "unit/core/test_checks.py": ("test_the_stop_lies_before_the_liquidation_price_with_a_buffer",),
            "contracts/protection_contract.py": (
                "test_a_position_without_a_stop_is_liquidated_at_the_maintenance_margin",
            ),
        },
    ),
    Failure(
        number=14,
        title="Funding is booked wrongly",
        wrong="The sign is turned round, the amount worked out anew, or the payment taken for a trade.",
        does="books the exchange's own number, once, to whoever holds the position; quantity and trades are "
        "untouched. Longs pay a positive rate.",
        proofs={
            LOCAL: ("test_funding_is_booked_from_the_exchanges_number_and_is_no_trade",),
            "contracts/protection_contract.py": ("test_longs_pay_positive_funding_and_shorts_receive_it",),
            "unit/bybit/test_parse_documented.py": ("test_funding_is_no_trade_and_keeps_its_sign",),
            "unit/core/test_portfolio.py": (
                "test_funding_never_touches_quantity_and_belongs_to_the_holder",
                "test_a_round_trip_leaves_exactly_price_result_minus_fees_and_funding",
            ),
            "properties/test_portfolio.py": ("test_round_trips_and_what_is_held_add_up_to_the_wallet",),
        },
    ),
    Failure(
        number=15,
        title="This machine's clock is wrong",
        wrong="Signed requests are refused, candles look old or unfinished.",
        does="measures the offset from the answers and signs with the exchange's time, by which candles are judged "
        "too. Above half a second it is told, above a second nothing is entered; exits go on.",
        proofs={
            LOCAL: ("test_a_clock_that_is_wrong_is_told_ends_entries_above_a_second_and_never_stops_an_exit",),
            "integration/bybit/test_orders.py": (
                "test_a_refused_time_stamp_measures_the_clock_and_sends_the_same_order_again",
                "test_requests_carry_the_exchange_s_time_whatever_this_machine_believes",
            ),
            "integration/bybit/test_venue.py": (
                "test_orders_are_signed_with_the_venue_s_clock_even_when_it_is_set_meanwhile",
            ),
            "unit/bybit/test_parts.py": (
                "test_the_quickest_answer_says_how_far_the_clocks_are_apart",
                "test_a_clock_that_was_set_is_believed_at_once",
            ),
            # This market is months away from the machine's clock.
            "integration/bybit/test_desk_candles.py": (
                "test_after_an_hour_without_candles_nothing_is_entered_before_the_next_bar_that_closes",
            ),
        },
    ),
    Failure(
        number=16,
        title="The exchange is away",
        wrong="Maintenance, errors, pages that are not JSON, or answers that are empty although they should not be.",
        does="takes no entries and concludes nothing: an account that could not be read is not flat. It says so once "
        "at the beginning and once at the end, and carries closes out when it is over. A start waits for the exchange "
        "and says so; without candles of the past it looks after the account and answers, and asks for them again.",
        proofs={
            LOCAL: ("test_an_outage_of_whatever_kind_concludes_nothing_and_is_told_once_each_way",),
            "integration/bybit/test_venue.py": ("test_maintenance_concludes_nothing_and_is_told_once_each_way",),
            "integration/bot/test_ground_waits.py": (
                "test_an_exchange_that_is_away_at_the_start_is_waited_for",
                "test_admins_are_told_once_that_the_start_waits_also_when_telegram_fails_at_first",
            ),
            "integration/app/test_candles_away.py": (
                "test_a_desk_without_candles_answers_closes_and_trades_when_they_are_there",
            ),
            "scenarios/test_venue_down.py": (
                "test_an_outage_changes_no_state_and_is_told_twice",
                "test_nothing_is_entered_before_the_comparison_after_an_outage",
                "test_a_close_asked_for_during_an_outage_is_carried_out_when_it_is_over",
            ),
            "unit/core/test_reconcile.py": ("test_a_failed_query_is_no_report_so_an_outage_alone_concludes_nothing",),
        },
    ),
    Failure(
        number=17,
        title="Too many requests",
        wrong="A storm of questions shuts an exit out, or the exchange bans the address.",
        does="stays below the limits by its own count, keeps a part of them for exits, waits for the reset it is told "
        "of, and is silent for ten minutes after a ban; stops on the exchange protect meanwhile.",
        proofs={
            "integration/bybit/test_venue.py": (
                "test_fifty_entries_at_once_stay_below_the_limit_and_an_exit_among_them_waits_for_none",
                "test_a_panic_of_thirty_exits_never_meets_the_venue_s_limit",
                "test_a_storm_of_questions_never_meets_the_venue_s_limit",
            ),
            "integration/bybit/test_orders.py": (
                "test_a_ban_silences_everything_and_is_told",
                "test_a_used_up_limit_waits_for_its_reset_and_sends_the_same_order_again",
                "test_thirty_exits_leave_through_both_doors_and_never_above_the_budget",
            ),
            DESK: ("test_closes_wait_for_the_end_of_a_silence_and_leave_with_it",),
            "properties/test_limiter.py": (
                "test_the_budget_holds_in_every_window_however_long_requests_travel",
                "test_an_exit_never_waits_behind_queries_or_entries",
            ),
        },
    ),
    Failure(
        number=18,
        title="A symbol is delisted, halted, or gone",
        wrong="It ends while it is held, before the start, or simply is no longer listed.",
        does="reads the list of instruments every hour, tells of a delisting, takes no entries on the symbol and "
        "books its settlement. Other symbols trade on, at the start too.",
        proofs={
            LOCAL: (
                "test_a_symbol_that_vanishes_with_a_position_is_told_and_the_others_trade_on",
                "test_a_symbol_that_vanished_before_the_start_is_told_and_the_others_trade",
                "test_a_symbol_that_vanishes_after_its_position_takes_no_entry_and_the_others_trade_on",
            ),
            DESK: (
                "test_a_delisting_is_told_ends_entries_on_its_symbol_and_settles_the_position",
                "test_a_desk_starts_and_trades_the_others_when_a_symbol_has_ended_meanwhile",
            ),
            "integration/bybit/test_feed.py": ("test_instruments_are_read_again_every_hour",),
            "unit/core/test_listing.py": (
                "test_a_delisting_with_a_position_says_when_and_what_becomes_of_it",
                "test_a_delisting_stops_entries_on_the_symbol_only_and_is_told_once",
            ),
        },
    ),
    Failure(
        number=19,
        title="The account is in the wrong mode, or it is the wrong account",
        wrong="Hedge mode, where one side of a position hides the other; a key that may withdraw; the wrong world.",
        does="adds up all rows of a position, starts with reducing only and says in a sentence what to switch. "
        "`check` looks at mode, margin, key and clock before a start, and every alert names the mode.",
        proofs={
            DESK: ("test_an_account_in_hedge_mode_starts_reduce_only_says_so_and_still_closes",),
            "integration/bybit/test_account.py": ("test_hedge_mode_starts_reduce_only_and_is_said_in_words",),
            "unit/bybit/test_parse_documented.py": ("test_both_sides_of_hedge_mode_are_summed_in_any_order",),
            "acceptance/test_check.py": (
                "test_hedge_mode_margin_mode_and_a_wrong_clock_are_found_together",
                "test_a_key_that_may_only_read_is_a_fault",
            ),
            "unit/core/test_start.py": ("test_an_account_that_became_unfit_only_reduces_until_an_admin_resumes",),
            "unit/views/test_modes.py": ("test_the_first_line_of_every_alert_names_the_mode",),
        },
    ),
    Failure(
        number=20,
        title="Two desks, or another program, on one account",
        wrong="Each closes what the other opens.",
        does="locks its state folder, holds a lease with a fencing number on the account, and ends when it was taken "
        "over. Somebody else's working order holds the desk to reducing. A second poller on the bot's token ends a "
        "newcomer; a running desk pauses entries, alarms by both channels and keeps its positions safe.",
        proofs={
            "integration/test_lease.py": (
                "test_a_second_process_is_refused_takes_over_after_a_kill_and_ends_when_it_is_replaced",
            ),
            "integration/storage/test_lease.py": (
                "test_after_its_time_the_lease_is_taken_over_and_the_first_can_neither_beat_nor_write",
            ),
            "integration/test_lock.py": (
                "test_a_second_desk_is_refused_and_told_who_holds_the_lock",
                "test_a_killed_desk_leaves_the_lock_free",
            ),
            DESK: (
                "test_another_programs_working_order_holds_the_desk_until_an_admin_resumes",
                "test_the_exchanges_own_stops_are_nobodys_foreign_orders",
            ),
            "integration/bot/test_service.py": ("test_a_second_desk_on_the_same_token_dies_loudly",),
            "integration/bot/test_polling.py": (
                "test_a_conflict_while_the_desk_trades_pauses_entries_and_alarms",
                "test_a_later_conflict_is_told_once_and_polling_goes_on",
            ),
        },
    ),
)
