"""Tests of single modules, without I/O beyond temporary files."""
