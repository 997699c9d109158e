"""The tests of pocketdesk."""
