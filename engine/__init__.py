"""The trading engine: events go in, effects come out."""
