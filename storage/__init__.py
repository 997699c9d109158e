"""What outlives the process: database, journal, settings, outbox, candles and backups."""
