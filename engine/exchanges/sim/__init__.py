"""The parts of the simulated exchange: model, refusals, margin, ledger, matching, state."""
