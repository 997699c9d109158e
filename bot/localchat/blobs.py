"""Where the bytes of photos and documents are kept: a folder, or memory when nothing shall survive."""

import hashlib
from pathlib import Path


class Blobs:
    """Content by its digest. Without a folder everything stays in memory."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._memory: dict[str, bytes] = {}

    def put(self, content: bytes) -> str:
        """Keep some bytes and return their name; the same bytes have the same name."""
        name = hashlib.sha256(content).hexdigest()[:40]
        if self._folder is None:
            self._memory[name] = content
            return name
        path = self._folder / name
        if not path.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            fresh = path.with_suffix(".new")
            fresh.write_bytes(content)
            fresh.replace(path)
        return name

    def get(self, name: str) -> bytes | None:
        """Return the bytes of a name, or None where they are gone."""
        if self._folder is None:
            return self._memory.get(name)
        path = self._folder / name
        return path.read_bytes() if path.is_file() else None
