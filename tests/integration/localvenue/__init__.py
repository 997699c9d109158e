"""The local venue over real HTTP and WebSocket on loopback."""
