"""A local Bybit V5 server, for the demo and end-to-end tests."""
