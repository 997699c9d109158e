"""The chat server's parts, each alone."""
