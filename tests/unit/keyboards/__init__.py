"""Tests of the chat's keyboards."""
