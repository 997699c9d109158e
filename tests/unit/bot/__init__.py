"""The chat side of a running desk, part by part."""
