"""Tests of the chat's views."""
