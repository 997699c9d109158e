"""Tests of the whole desk as its owner sees it."""
