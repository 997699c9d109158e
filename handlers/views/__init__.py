"""Pure views: a snapshot becomes HTML text."""
