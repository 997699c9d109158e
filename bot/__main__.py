"""`python -m bot` is `pocketdesk`."""

from bot.cli import main

if __name__ == "__main__":
    main()
