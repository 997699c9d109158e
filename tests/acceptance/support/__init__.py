"""Helpers of the acceptance tests: what a person at the phone does and sees."""
