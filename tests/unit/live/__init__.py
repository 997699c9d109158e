"""The shell around the core: courier, outcomes, recovery, candles, feeds."""
