"""Properties that hold for every generated input."""
