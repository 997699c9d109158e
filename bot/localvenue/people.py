"""Accounts of a state folder: keys made once at random, kept readable by their owner only."""

import json
import os
import secrets
import string
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bot.localvenue.account import Account, Identity
from bot.localvenue.board import Board
from bot.localvenue.committing import commit, compact, load
from bot.localvenue.config import AccountSpec
from bot.localvenue.forced import log_transfer
from bot.localvenue.moving import move_in
from bot.localvenue.store import Store
from engine.core.money import to_money

_LETTERS = string.ascii_letters + string.digits
_FIRST_UID = 10_000_001
_KEYS = "keys.json"


def open_accounts(specs: Iterable[AccountSpec], board: Board, folder: Path | None, start_ms: int) -> dict[str, Account]:
    """Return the accounts by key, stored ones as they were. Raises StoreError, CodecError, ValueError or (a
    paper account to begin with) PaperStoreError.
    """
    known = _read(folder)
    accounts = {}
    for spec in specs:
        row = known.setdefault(spec.name, _fresh(len(known)))
        identity = Identity(
            uid=row["uid"],
            name=spec.name,
            key=row["key"],
            secret=row["secret"],
            mode=spec.mode,
            read_only=spec.read_only,
            ips=spec.ips,
        )
        accounts[identity.key] = _open(identity, spec, board, folder, start_ms)
    if folder is not None:
        _write(folder, known)
    return accounts


def _fresh(count: int) -> dict[str, Any]:
    key, secret = ("".join(secrets.choice(_LETTERS) for _ in range(length)) for length in (18, 36))
    return {"uid": _FIRST_UID + count, "key": key, "secret": secret}


def _open(identity: Identity, spec: AccountSpec, board: Board, folder: Path | None, start_ms: int) -> Account:
    store = None if folder is None else Store(folder / "accounts" / str(identity.uid))
    wallet = to_money(spec.wallet)
    account = Account(identity, board, wallet=wallet, store=store)
    if load(account):
        return account
    if spec.paper is not None:
        move_in(account, spec.paper)
        compact(account)
        return account
    account.book.settings.opened_ms = start_ms
    compact(account)
    log_transfer(account, wallet, start_ms)
    commit(account)
    account.outbox.clear()
    return account


def _read(folder: Path | None) -> dict[str, dict[str, Any]]:
    if folder is None or not (folder / _KEYS).exists():
        return {}
    path = folder / _KEYS
    try:
        known: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
        if not all({"uid", "key", "secret"} <= row.keys() for row in known.values()):
            raise ValueError("an entry lacks uid, key or secret")
    except (ValueError, AttributeError) as error:
        raise ValueError(f"{path}: unreadable ({error}); move the folder away to begin afresh") from None
    return known


def _write(folder: Path, known: dict[str, dict[str, Any]]) -> None:
    fresh = folder / f"{_KEYS}.tmp"
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(known, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(folder / _KEYS)
