"""Measurements of speed and memory against the stated budgets."""
