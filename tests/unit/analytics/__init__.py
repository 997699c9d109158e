"""Tests of metrics, charts and reports."""
