"""One file per strategy, found through a registry by name."""
