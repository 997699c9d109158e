"""Write docs/settings.md and .env.example anew: python -m config."""

from pathlib import Path

from config.reference import write_reference

if __name__ == "__main__":
    write_reference(Path(__file__).resolve().parent.parent)
