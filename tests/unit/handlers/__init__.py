"""Tests of the chat's handlers."""
