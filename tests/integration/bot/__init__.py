"""The chat side of a running desk against the local chat server and a real database."""
