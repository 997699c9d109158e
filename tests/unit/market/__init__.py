"""Market data: candles, files, indicators, the generated market, replay."""
