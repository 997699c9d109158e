"""The whole desk in this process, with a database, a chat and an exchange that break."""
