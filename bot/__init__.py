"""The process: command line, composition root, supervised tasks, outbox, panel and schedule."""
