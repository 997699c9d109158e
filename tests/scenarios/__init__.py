"""Scenarios of the deterministic simulation."""
