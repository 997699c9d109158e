"""The exchange's words as they may be told: refusals quote what was sent, and with it the key."""

HIDDEN = "[hidden]"


def quoted(words: object, secrets: tuple[str, ...], most: int) -> str:
    """Return the exchange's words without our secrets, at most `most` characters. Hidden before the cut: half a key is
    still half a key.
    """
    text = str(words)
    for secret in secrets:
        if secret:
            text = text.replace(secret, HIDDEN)
    return text[:most]
