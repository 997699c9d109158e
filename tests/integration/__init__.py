"""Tests of several modules with real files and loopback servers."""
