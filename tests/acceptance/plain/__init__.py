"""Second computations of what the strategies do on recorded data, written from their descriptions alone."""
