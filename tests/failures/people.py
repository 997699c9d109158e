"""Failures of Telegram, of people, and of the process itself."""

from tests.failures.row import Failure

GUARD = "integration/bot/test_guard.py"
OUTBOX = "integration/bot/test_outbox.py"
WALKS = "acceptance/test_sim_walks.py"
PEOPLE = (
    Failure(
        number=28,
        title="Telegram is away or slow",
        wrong="The desk cannot start, its loop ends, or an alert is given up on.",
        does="starts and trades without it. Alerts are kept with the facts they tell of and arrive later, critical "
        "ones first, each once; only a critical one whose answer was lost may come twice, marked. A second channel is "
        "told of what nobody has seen for two minutes.",
        proofs={
            "integration/app/test_without_telegram.py": (
                "test_three_trades_without_telegram_are_made_at_once_and_told_later_once_and_in_order",
            ),
            OUTBOX: (
                "test_a_day_without_telegram_loses_nothing_and_is_summed_up",
                "test_after_a_lost_answer_a_critical_alert_is_repeated_and_marked",
                "test_after_a_lost_answer_another_alert_is_not_repeated_but_named",
                "test_what_telegram_has_is_never_sent_again",
            ),
            "acceptance/test_sim_restarts.py": ("test_alerts_arrive_once_and_in_order_over_a_bad_line",),
            "integration/bot/test_polling.py": ("test_an_outage_ends_nothing_and_marks_what_comes_after_it",),
            "integration/bot/test_seen.py": (
                "test_the_second_channel_is_told_while_telegram_is_away_and_a_restart_forgets_nothing",
            ),
        },
    ),
    Failure(
        number=29,
        title="Telegram says: too many messages",
        wrong="Alerts are thrown away in the burst in which they matter.",
        does="keeps to the pace of chats and of the whole, obeys the pause it is told, gathers bursts into few "
        "messages and drops none; critical ones go first and alone.",
        proofs={
            OUTBOX: (
                "test_five_hundred_events_in_one_second_become_a_few_messages_and_lose_none",
                "test_retry_after_is_obeyed_and_nothing_is_lost",
                "test_four_events_in_ten_seconds_are_one_message_and_a_critical_one_stays_alone",
            ),
            "unit/bot/test_pacer.py": (
                "test_five_hundred_events_in_one_second_stay_within_the_overall_rate",
                "test_a_chat_gets_three_at_once_and_then_one_a_second",
                "test_a_flood_answer_shuts_the_chat_for_as_long_as_telegram_asked",
                "test_the_panel_never_takes_the_turn_of_an_alert",
            ),
            "integration/bot/test_panel.py": (
                "test_a_watched_panel_is_edited_at_most_every_four_seconds_and_only_when_it_changed",
            ),
        },
    ),
    Failure(
        number=30,
        title="A command is lost, repeated or late",
        wrong="A double tap closes twice; yesterday's command is carried out today.",
        does="keeps an update's number before acting on it and answers a repeat with what came of the first. What "
        "adds risk is refused after a minute; what reduces risk and is old asks once more. A confirmation works once, "
        "for its owner, on its message, for 30 s.",
        proofs={
            GUARD: (
                "test_a_command_delivered_twice_acts_once_even_after_a_restart",
                "test_a_double_tap_on_confirm_acts_once_and_another_admin_cannot_take_it",
                "test_what_adds_risk_is_refused_after_a_minute_and_what_reduces_it_is_not",
                "test_a_press_that_may_have_waited_at_telegram_adds_no_risk",
            ),
            "integration/bot/test_crash_between.py": (
                "test_a_command_cut_off_by_the_end_of_the_process_is_not_carried_out_when_it_comes_again",
            ),
            "integration/storage/test_chat_stores.py": (
                "test_a_confirmation_claimed_by_twenty_tasks_is_claimed_once",
                "test_a_press_counts_only_from_its_user_chat_message_and_time",
            ),
            WALKS: (
                "test_a_double_tap_closes_once",
                "test_an_update_delivered_twice_acts_once",
                "test_a_late_command_adds_no_risk_and_asks_again_before_it_reduces_any",
                "test_an_expired_confirmation_says_so_and_does_nothing",
            ),
        },
    ),
    Failure(
        number=31,
        title="A stranger writes, or a secret leaks",
        wrong="A group member approves a close; an empty list of people means everybody; a token stands in a log.",
        does="lets in people by their number, nobody when the list is empty, and acts in private chats alone. Every "
        "handler declares its role and its risk. Refusals are kept in an audit that shows what was changed in it. "
        "Secrets are hidden wherever text is made, and a forged press does nothing.",
        proofs={
            GUARD: (
                "test_every_handler_declares_its_role_and_its_risk",
                "test_a_viewer_reads_everything_and_changes_nothing",
                "test_a_stranger_reaches_no_screen_costs_no_storage_and_gets_one_polite_line",
                "test_a_foreign_group_is_left_and_its_commands_do_nothing",
                "test_no_command_works_when_the_owner_did_not_write_it_himself",
            ),
            "unit/bot/test_access.py": ("test_an_empty_list_of_admins_lets_nobody_in",),
            "unit/handlers/test_routers.py": ("test_every_handler_says_who_may_use_it_and_what_it_does_to_risk",),
            "integration/bot/test_safety.py": (
                "test_a_role_that_was_taken_meanwhile_confirms_nothing",
                "test_in_live_mode_a_code_is_asked_for_is_deleted_and_stays_nowhere",
            ),
            WALKS: ("test_a_forged_confirmation_does_nothing",),
            "acceptance/test_no_secret_leaks.py": ("test_no_secret_is_left_in_logs_output_chat_or_any_file",),
            "integration/bybit/test_orders.py": ("test_what_a_refusal_quotes_is_told_without_the_credentials",),
            "unit/config/test_redaction.py": ("test_a_registered_secret_is_hidden_in_every_form",),
            "integration/test_chart_worker.py": ("test_secrets_of_the_desk_do_not_reach_a_worker",),
            "integration/storage/test_chat_stores.py": ("test_a_changed_or_removed_audit_line_is_found",),
        },
    ),
    Failure(
        number=32,
        title="A part dies silently",
        wrong="The process runs, one of its loops does not.",
        does="watches every task and every error that nobody awaits, ends the whole process when one dies, naming it, "
        "and starts again by recovery. A task without a sign of life makes the health check fail and stops the "
        "outside ping.",
        proofs={
            "integration/app/test_parts_die.py": (
                "test_the_death_of_any_task_ends_the_process_by_name_and_the_next_one_has_the_same_books",
                "test_an_error_that_nobody_awaits_ends_the_process_too",
                "test_a_task_without_a_sign_of_life_makes_the_process_unwell",
            ),
            "unit/test_tasks.py": (
                "test_a_task_that_raises_ends_the_run_and_cancels_the_others_in_reverse",
                "test_a_task_that_returns_is_a_death_too",
                "test_health_tells_the_age_of_the_last_beat",
            ),
            "unit/core/test_start.py": ("test_a_start_calls_what_was_under_way_unknown_asks_and_says_what_it_found",),
        },
    ),
    Failure(
        number=33,
        title="The logic itself runs away",
        wrong="A bad deploy or a mad strategy orders without end.",
        does="counts orders a minute, notional a day and loss a day outside the strategies and halts above them, "
        "until an admin resumes; a restart forgets nothing. A start names version, mode and environment, and live "
        "trading begins only after a confirmation with a code.",
        proofs={
            "properties/test_malicious_strategy.py": (
                "test_strategies_that_always_signal_exceed_no_limit",
                "test_without_any_one_of_the_checks_a_limit_is_exceeded",
            ),
            "unit/core/test_runaway.py": (
                "test_the_last_order_within_a_minute_passes_and_one_more_halts",
                "test_the_notional_of_a_day_is_measured_by_the_equity_it_began_with",
                "test_a_restart_forgets_no_order",
                "test_time_alone_does_not_lift_it_and_an_admin_begins_the_count_anew",
                "test_exits_go_on_while_it_holds",
            ),
            "unit/core/test_limit_actions.py": ("test_the_guards_loss_halts_until_an_admin_lifts_it",),
            "acceptance/test_run.py": ("test_a_paper_desk_runs_on_public_prices_without_a_key",),
            "acceptance/test_run_live.py": (
                "test_live_is_held_until_confirmed_with_a_code_and_again_after_a_lockdown",
                "test_live_without_the_explicit_setting_is_refused_with_exit_code_2",
            ),
            "integration/bot/test_going_live.py": (
                "test_a_confirmation_is_of_one_key_and_configuration_and_ends_with_a_lockdown",
            ),
        },
    ),
)
