"""Failures of orders and fills."""

from tests.failures.row import Failure

LOCAL = "integration/bybit/test_desk_orders.py"
ORDERS = (
    Failure(
        number=1,
        title="The answer to an order is lost and the order is sent again",
        wrong="A request times out, is reset or is answered with an error that says nothing. It may have been carried "
        "out; sent again under another name it would trade twice.",
        does="keeps one id per decision and calls the outcome unknown. The order keeps its reservation and is looked "
        "for among working orders, old orders and executions. That it does not exist is believed only late, twice, "
        "and when the position did not move.",
        proofs={
            LOCAL: ("test_an_order_whose_answer_is_lost_is_one_request_one_order_and_one_position",),
            "integration/bybit/test_venue.py": (
                "test_an_answer_that_does_not_tell_is_unknown_and_never_sent_twice",
                "test_a_reply_lost_after_execution_is_one_order_found_by_its_id",
            ),
            "integration/bybit/test_orders.py": (
                "test_an_id_that_is_taken_belongs_to_the_earlier_attempt",
                "test_a_refused_time_stamp_measures_the_clock_and_sends_the_same_order_again",
                "test_a_batch_whose_answer_does_not_tell_leaves_all_its_orders_unknown",
            ),
            "integration/bybit/test_account.py": (
                "test_not_found_is_believed_late_and_twice_and_not_before",
                "test_a_request_still_on_its_way_is_never_believed_absent",
                "test_a_position_that_nothing_explains_is_evidence_against_absence",
                "test_an_order_is_found_wherever_the_exchange_keeps_it",
            ),
            "unit/bybit/test_codes.py": (
                "test_a_code_means_what_the_table_says",
                "test_what_is_no_clear_answer_is_unknown",
            ),
            "scenarios/test_reply_lost.py": (
                "test_a_lost_reply_never_places_a_second_order",
                "test_a_lost_request_is_given_up_on_evidence_and_frees_the_symbol",
                "test_a_close_whose_reply_is_lost_ends_flat_and_never_sells_twice",
                "test_a_close_whose_request_is_lost_is_sent_again",
            ),
            "properties/test_order_machine.py": ("TestOrderMachine",),
        },
    ),
    Failure(
        number=2,
        title="The next signal comes while an order is unresolved",
        wrong="An order that is wrongly believed dead frees its share of the risk, the next signal takes it, and then "
        "both fill.",
        does="counts an unknown order at its full size against every limit and refuses entries on its symbol until "
        "there is evidence. Other symbols go on.",
        proofs={
            LOCAL: ("test_an_order_that_nobody_knows_of_is_reserved_in_full_and_blocks_its_symbol_alone",),
            "scenarios/test_reply_lost.py": (
                "test_an_unknown_order_blocks_its_symbol_until_there_is_evidence",
                "test_an_unknown_order_counts_at_full_size_beside_other_symbols",
            ),
            "unit/core/test_checks.py": ("test_positions_and_pending_and_unknown_orders_are_counted_together",),
            "properties/test_order_machine.py": ("TestOrderMachine",),
        },
    ),
    Failure(
        number=3,
        title="Fills happen while the stream is away",
        wrong="What the exchange tells while nobody is connected is not told again.",
        does="takes no entries from the loss of the stream until a comparison after its return; that asks for orders, "
        "positions and all executions since a little before the last known one, and books each once, as what it was.",
        proofs={
            LOCAL: ("test_fills_while_the_private_stream_is_away_are_in_the_books_once_when_it_is_back",),
            "scenarios/test_fills_missed.py": (
                "test_whatever_filled_while_the_stream_was_gone_is_in_the_books_when_it_is_back",
                "test_a_stop_that_fired_during_an_outage_is_booked_when_the_line_is_back",
                "test_a_fill_missed_before_a_newer_one_that_arrived_is_still_asked_for",
                "test_an_entry_whose_fill_was_never_told_is_learned_with_its_stop",
            ),
            "scenarios/test_venue_down.py": ("test_nothing_is_entered_before_the_comparison_after_an_outage",),
            "simulation/test_seeds_0.py": ("test_nothing_is_lost_doubled_or_left_unprotected_whatever_happens",),
        },
    ),
    Failure(
        number=4,
        title="The stream is connected and silent, or dead for good",
        wrong="Heartbeats go on while nothing else comes; a login is refused; a listener breaks on one message.",
        does="measures silence, reconnects for ever with growing pauses, survives whatever a listener raises, and "
        "besides compares itself with the exchange every 60 s, every 15 s while anything is unknown.",
        proofs={
            "scenarios/test_stream_dead.py": (
                "test_silence_of_a_stream_that_stays_connected_ends_entries_within_its_bound",
                "test_a_stop_that_fires_into_a_silent_stream_is_booked_within_the_bound",
                "test_a_login_that_is_refused_for_ever_ends_entries_at_once_and_fills_are_learned_by_asking",
                "test_a_listener_that_breaks_on_a_message_loses_nothing_but_a_minute",
            ),
            "scenarios/test_fills_missed.py": ("test_a_stream_that_is_silently_dead_is_noticed_within_a_minute",),
            LOCAL: ("test_a_message_that_breaks_its_listener_is_made_up_for_by_asking",),
            "integration/bybit/test_venue.py": ("test_a_silent_stream_is_noticed_within_its_bound",),
            "unit/bybit/test_stream.py": (
                "test_a_dead_connection_is_noticed_within_its_bound",
                "test_heartbeats_without_data_are_no_life_where_data_must_flow",
                "test_a_refusal_is_tried_again_for_ever_with_growing_pauses",
            ),
            "unit/live/test_desk.py": (
                "test_the_account_is_asked_for_at_the_start_and_every_minute",
                "test_the_account_is_asked_for_every_quarter_minute_while_an_outcome_is_unknown",
            ),
        },
    ),
    Failure(
        number=5,
        title="Messages come twice, late or out of order",
        wrong="A fill overtakes the acknowledgement of its order, an ending its fills; everything is repeated after a "
        "reconnection.",
        does="books executions by their id, lets no status move backwards, keeps an ended order open until its fills "
        "are in, and takes a fill that belongs to no order of its own for somebody else's.",
        proofs={
            "properties/test_messages.py": (
                "test_any_order_and_any_doubling_of_the_same_messages_gives_the_same_books",
                "test_a_stop_told_before_its_entry_still_ends_flat_with_the_same_money",
                "test_a_fill_of_an_order_that_nobody_knows_is_an_external_position",
            ),
            "properties/test_portfolio.py": (
                "test_a_repeated_execution_changes_nothing",
                "test_fills_of_one_order_may_come_in_any_order",
            ),
            "unit/core/test_orders.py": ("test_no_word_moves_a_status_backwards",),
        },
    ),
    Failure(
        number=6,
        title="An order fills in parts",
        wrong="A stop for the ordered size instead of the filled one; a cancelled order whose fills are forgotten.",
        does="lets the stop be one of the position, which follows its size, and keeps what a cancelled order had "
        "filled.",
        proofs={
            "properties/test_partial_fills.py": (
                "test_what_is_filled_before_the_cancel_is_held_and_stopped_to_the_step",
                "test_a_close_in_parts_that_is_cut_short_leaves_the_rest_with_its_stop",
            ),
            "contracts/protection_contract.py": ("test_a_reduced_position_is_stopped_out_for_what_is_left",),
            "contracts/order_contract.py": ("test_a_thin_book_fills_in_parts_and_cancels_the_rest",),
        },
    ),
    Failure(
        number=7,
        title="The process dies in the middle of an order",
        wrong="Between decision, journal, request, answer and booking there are five places to die.",
        does="writes the intent down before an entry leaves and starts only by recovery: what was under way is "
        "unknown, is asked about, and ends as without the crash. An entry that never left is not sent late.",
        proofs={
            "scenarios/test_crash.py": (
                "test_an_entry_ends_as_without_the_crash_or_as_if_never_decided",
                "test_a_close_ends_as_without_the_crash",
                "test_a_crash_in_the_middle_of_a_comparison_changes_nothing",
                "test_a_crash_before_the_comparison_was_answered_is_followed_by_another_comparison",
            ),
            "simulation/test_itself.py": (
                "test_a_thousand_seeds_bring_every_fault_to_every_crash_point_at_least_four_times",
            ),
            "acceptance/test_kill.py": ("test_a_desk_killed_again_and_again_ends_with_the_books_of_the_exchange",),
            "acceptance/test_demo_venue.py": ("test_a_demo_killed_again_and_again_agrees_with_the_exchange",),
        },
    ),
    Failure(
        number=8,
        title="A position has no stop",
        wrong="The stop was refused, lost, or removed by somebody.",
        does="sends the stop inside the entry, confirms it, and sets a missing one again, three times within five "
        "seconds; then it closes at the market, at once when the price is beyond the stop already. A close that keeps "
        "failing halts the desk and alarms every minute.",
        proofs={
            LOCAL: (
                "test_a_stop_that_vanished_is_back_within_five_seconds_though_one_answer_is_lost",
                "test_a_position_whose_stop_the_exchange_refuses_is_closed_within_the_five_seconds",
            ),
            "scenarios/test_missing_stop.py": (
                "test_a_stop_the_exchange_lost_is_set_again_within_five_seconds",
                "test_a_position_whose_stop_stays_refused_is_closed_after_five_seconds",
                "test_a_refused_stop_closes_at_once_when_the_price_is_beyond_it",
                "test_a_stop_lost_unheard_is_found_by_comparison_and_set_again",
            ),
            "scenarios/test_stop_stuck.py": (
                "test_a_close_that_keeps_being_refused_halts_the_desk_and_goes_on_trying",
            ),
            "unit/core/test_stuck.py": (
                "test_a_close_that_fails_for_half_a_minute_halts_and_alarms_every_minute_until_it_succeeds",
            ),
            "unit/bybit/test_parts.py": ("test_an_entry_carries_its_stop_and_target_as_plain_decimals",),
        },
    ),
    Failure(
        number=9,
        title="A stop is doubled, left behind, or sells again",
        wrong="A conditional order outlives its position and opens another one.",
        does="closes with reduce-only orders alone, uses the position's own stop, and cancels working orders of its "
        "own that no decision stands behind.",
        proofs={
            LOCAL: (
                "test_after_a_close_nothing_is_left_that_could_trade",
                "test_a_working_order_of_ours_that_no_decision_stands_behind_is_cancelled",
            ),
            "properties/test_simulated_properties.py": (
                "test_reduce_only_orders_and_exits_never_open_or_turn_a_position",
            ),
            "properties/test_order_machine.py": ("TestOrderMachine",),
            "unit/core/test_reversal.py": ("test_after_flat_nothing_that_can_open_is_left",),
            "scenarios/test_close_all.py": (
                "test_an_entry_on_its_way_is_called_back",
                "test_an_entry_that_waits_for_the_journal_is_never_sent",
            ),
        },
    ),
    Failure(
        number=10,
        title="A stop triggers and does not close",
        wrong="The price runs through a stop and the position is still there.",
        does="has market stops only. When the price stays beyond a stop it asks after two seconds, and after five "
        "closes at the market; a wick closes nothing.",
        proofs={
            "scenarios/test_stop_stuck.py": (
                "test_a_position_left_behind_by_its_stop_is_closed_at_the_market_within_seconds",
                "test_a_wick_through_the_stop_closes_nothing",
            ),
            "unit/core/test_stuck.py": (
                "test_a_stop_that_does_not_close_is_asked_about_and_then_the_position_is_closed",
                "test_a_price_that_returns_begins_the_five_seconds_anew",
            ),
            "contracts/protection_contract.py": ("test_a_gap_through_the_stop_fills_at_the_open",),
            "unit/bybit/test_parts.py": (
                "test_an_entry_carries_its_stop_and_target_as_plain_decimals",
                "test_removing_a_stop_says_zero",
            ),
        },
    ),
    Failure(
        number=11,
        title="Less is left than can be ordered",
        wrong="A remainder below the smallest order cannot be closed by its size; a rounded size is larger than asked "
        "for.",
        does="closes remainders with the exchange's close-everything order, rounds sizes down and stops to the safe "
        "side.",
        proofs={
            LOCAL: ("test_a_remainder_below_the_smallest_order_is_closed_to_nothing",),
            "unit/bybit/test_parts.py": ("test_an_exit_is_reduce_only_and_dust_is_closed_with_a_quantity_of_zero",),
            "properties/test_rounding.py": (
                "test_a_size_never_costs_more_than_asked_but_for_one_step",
                "test_stops_round_away_and_targets_towards_the_entry",
                "test_prices_and_quantities_land_on_the_grid_from_the_stated_side",
            ),
        },
    ),
)
