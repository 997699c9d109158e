"""The process: command line, composition root, supervised tasks, outbox, panel and schedule."""

__version__ = "0.1.0"
