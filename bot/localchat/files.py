"""The bytes behind a stored file: documents as uploaded, photos scaled when somebody first looks at them."""

import asyncio

from bot.localchat.blobs import Blobs
from bot.localchat.images import scale
from bot.localchat.model import StoredFile


async def content_of(blobs: Blobs, stored: StoredFile) -> bytes | None:
    """Return a file's bytes, None where they are gone. Photos come as JPEG in the size Telegram would keep."""
    content = await asyncio.to_thread(blobs.get, stored.blob)
    if content is None or not stored.scaled:
        return content
    try:
        return await asyncio.to_thread(scale, content, side=stored.scaled)
    except OSError:
        # The header was sound but the picture is not; the original is all there is.
        return content
