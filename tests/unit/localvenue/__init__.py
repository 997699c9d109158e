"""The parts of the local venue, each on its own."""
