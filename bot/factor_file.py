"""The secrets of authenticators by user: a file for the desk's user alone, beside the database and not in it."""

import json
import os
from pathlib import Path

FILE = "second-factor.json"


class FactorFileError(Exception):
    """The file is there and cannot be used; the message says why."""


class FactorFile:
    """Written on the host only, read by the desk at every use, so that a change counts at once."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE

    def secrets(self) -> dict[int, str]:
        """Return the secrets in base32 by user id; raises FactorFileError."""
        try:
            written = json.loads(self._path.read_text(encoding="utf-8"))
            return {int(user_id): str(secret) for user_id, secret in written.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, AttributeError) as error:
            # Never the text of the error: it may quote what stands in the file.
            raise FactorFileError(f"{self._path} cannot be read ({type(error).__name__})") from None

    def set(self, user_id: int, secret: str) -> None:
        """Keep the secret of a user; raises FactorFileError."""
        self._write(self.secrets() | {user_id: secret})

    def remove(self, user_id: int) -> bool:
        """Forget the secret of a user; False when there was none. Raises FactorFileError."""
        kept = self.secrets()
        if kept.pop(user_id, None) is None:
            return False
        self._write(kept)
        return True

    def _write(self, kept: dict[int, str]) -> None:
        fresh = self._path.with_name(f"{FILE}.new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            fresh.unlink(missing_ok=True)
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump({str(user_id): secret for user_id, secret in kept.items()}, file)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._path)
        except OSError as error:
            raise FactorFileError(f"{self._path} cannot be written ({error.strerror})") from None
