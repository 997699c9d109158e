"""The live shell in virtual time, under seeds: faults, crashes, and what must hold whatever happens."""
