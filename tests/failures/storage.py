"""Failures of the database and the disk."""

from tests.failures.row import Failure

APP = "integration/app/test_storage_fails.py"
FAULTS = "integration/storage/test_faults.py"
STORAGE = (
    Failure(
        number=25,
        title="The database is locked",
        wrong="An order goes out and its record does not.",
        does="sends no entry whose intent is not on disk. Exits and stops go out at once; what happens meanwhile "
        "waits in a file of its own and is merged in order.",
        proofs={
            APP: ("test_while_the_database_is_locked_no_entry_is_sent_and_a_close_of_everything_goes_out",),
            "scenarios/test_journal_locked.py": (
                "test_a_signal_while_the_journal_is_locked_sends_nothing",
                "test_a_close_still_goes_out_while_the_journal_is_locked",
                "test_a_close_still_goes_out_while_the_journal_hangs",
                "test_an_entry_whose_intent_becomes_durable_too_late_is_not_sent",
            ),
            FAULTS: (
                "test_a_locked_database_fails_the_group_keeps_it_and_merges_it_when_it_can",
                "test_facts_set_aside_by_a_process_that_died_are_merged_once_at_the_next_start",
            ),
            "integration/storage/test_journal.py": ("test_twenty_concurrent_writers_lose_nothing",),
        },
    ),
    Failure(
        number=26,
        title="The disk is full",
        wrong="The process dies with positions that nobody can close.",
        does="goes on as with a locked database and closes what it is told to. It alarms below 500 MB, before "
        "anything fails, and a log that cannot be written stops nobody.",
        proofs={
            APP: (
                "test_on_a_full_disk_no_entry_is_sent_and_a_close_of_everything_goes_out",
                "test_with_nowhere_to_write_at_all_a_close_of_everything_still_goes_out",
                "test_little_room_on_the_disk_alarms_in_the_chat_before_anything_fails",
            ),
            FAULTS: ("test_a_full_disk_fails_groups_until_there_is_room_again",),
            "unit/bot/test_disk.py": (
                "test_below_500_mb_is_critical_and_told_once_and_1_gb_is_room_again",
                "test_a_disk_that_does_not_answer_neither_alarms_nor_ends_the_watch",
            ),
            "unit/config/test_logging.py": (
                "test_a_full_disk_is_reported_once_and_survived",
                "test_a_stalled_writer_never_blocks_the_desk",
                "test_the_file_changes_at_midnight_utc",
            ),
        },
    ),
    Failure(
        number=27,
        title="The database is destroyed",
        wrong="Pages are overwritten, or the process is killed while it writes.",
        does="checks the file at the start, sets a broken one aside, restores the newest sound copy, makes the books "
        "whole from the exchange, gives positions back to the profiles that their entries name, and only reduces "
        "until an admin resumes.",
        proofs={
            "integration/app/test_file_corrupt.py": (
                "test_after_a_corrupt_file_the_books_are_the_exchanges_again_and_nothing_opens_before_a_resume",
            ),
            "unit/core/test_reclaim.py": (
                "test_a_lost_entry_of_ours_goes_back_to_its_profile_with_the_stop_the_exchange_holds",
                "test_whatever_is_not_an_entry_of_a_profile_of_this_installation_stays_external",
            ),
            "integration/storage/test_corruption.py": (
                "test_a_corrupt_database_is_set_aside_and_the_newest_backup_restored",
                "test_a_damaged_backup_is_passed_over",
                "test_without_a_backup_the_desk_starts_empty_and_says_so",
            ),
            "integration/storage/test_kill.py": (
                "test_a_killed_process_leaves_every_acknowledged_group_whole_and_in_order",
            ),
            "acceptance/test_kill.py": ("test_a_desk_killed_again_and_again_ends_with_the_books_of_the_exchange",),
            "acceptance/test_demo_venue.py": ("test_a_demo_killed_again_and_again_agrees_with_the_exchange",),
        },
    ),
)
