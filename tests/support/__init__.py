"""Fakes, builders and small aids shared by the tests."""
