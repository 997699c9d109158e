"""A desk under load: a process that plays exchange and chat, and the real desk in another one."""
