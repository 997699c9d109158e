"""Tests of the exchanges' parts."""
