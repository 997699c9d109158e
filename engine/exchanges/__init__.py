"""Exchange clients behind one protocol."""
