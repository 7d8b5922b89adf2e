"""
A pushmesh device in Python, written from docs/protocol.md and schema/link.thrift alone.

    device.py --mesh URL --app APP_ID --state FILE --id IDENTIFIER

Takes commands as JSON lines on stdin and tells events as JSON lines on stdout; `COMMANDS` lists them.
"""

import argparse
import asyncio
import base64
import json
import os
import secrets
import sys
import time
from pathlib import Path

from account import KeyPair, Refused, from_b64url, identifier_hash, open_account, b64url
from link import CHANNEL_ECHO, CHANNEL_LINK, CHANNEL_PUSH, Link, message_id
from pushmesh.link.ttypes import (
    Ack,
    Attach,
    ContentType,
    Cursor,
    Describe,
    Register,
    SetAlias,
    Subscribe,
    Unregister,
)

DUPLICATE_WINDOW = 1_024


def tell(event: str, **fields) -> None:
    print(json.dumps({"event": event, **fields}), flush=True)


class State:
    """What the device keeps across restarts; a new file takes the old one's name, so it is never half-written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.values: dict = json.loads(path.read_text()) if path.exists() else {}

    def save(self, **values) -> None:
        self.values.update(values)
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps(self.values))
        os.replace(fresh, self._path)


class Device:
    def __init__(self, mesh: str, app_id: str, state: State, identifier: str) -> None:
        self._mesh = mesh
        self._app_id = app_id
        self._state = state
        self._ids = [identifier_hash(identifier)]
        self._link: Link | None = None
        self._reader: asyncio.Task | None = None
        self._acknowledges = True
        self._registration = None
        self._request = 0
        self._described: tuple[list[str], list[str]] = ([], [])

    # ---- commands

    async def account(self, fresh_key: bool = False, handover: bool = False) -> None:
        """Makes or finds the account. `fresh_key`: as after a reinstall; `handover`: signed by the old key."""
        seed = self._state.values.get("seed")
        old = KeyPair(from_b64url(seed)) if seed else None
        key = old if old is not None and not fresh_key else KeyPair()
        try:
            answer = await asyncio.to_thread(
                open_account, self._mesh, key, self._ids, old if handover else None
            )
        except Refused as refused:
            tell("refused", status=refused.status, code=refused.code, retryAfter=refused.retry_after)
            return
        self._state.save(seed=b64url(key.seed), credential=answer["credential"])
        tell("account", status=answer["httpStatus"], generation=answer["generation"])

    async def open(self, token_age: int = 0) -> None:
        """Connects, says hello, registers where there is no registration, attaches. `token_age`: seconds."""
        values = self._state.values
        key = KeyPair(from_b64url(values["seed"]))
        now = time.time() - token_age
        claims = {"cred": values["credential"]}
        token = key.jwt("pushmesh-connect+jwt", claims, with_key=False, now=now)
        self._link = await Link.open(self._mesh, token)
        self._reader = asyncio.create_task(self._read(self._link))
        session = values.get("session")
        await self._link.hello(
            lastSeq=values.get("lastSeq", 0),
            agent="pushmesh-python",
            session=from_b64url(session) if session else None,
            cursors=[Cursor(**one) for one in values.get("cursors", {}).values()],
        )

    async def acknowledge(self, on: bool) -> None:
        """Whether messages are acknowledged from now on."""
        self._acknowledges = on
        tell("acknowledge", on=on)

    async def ping(self) -> None:
        await self._open_link.ping()

    async def echo(self, nonce: int) -> None:
        await self._open_link.echo(nonce, secrets.token_bytes(16))

    async def unregister(self) -> None:
        await self._open_link.push(unregister=Unregister(**self._command()))

    async def subscribe(self, add: list[str], remove: list[str]) -> None:
        await self._open_link.push(subscribe=Subscribe(add=add, remove=remove, **self._command()))

    async def alias(self, alias: str, held: bool = True, shared: bool = False) -> None:
        fields = self._command()
        await self._open_link.push(setAlias=SetAlias(alias=alias, held=held, shared=shared, **fields))

    async def describe(self) -> None:
        self._described = ([], [])
        await self._open_link.push(describe=Describe(**self._command()))

    def _command(self) -> dict:
        self._request += 1
        return {"request": self._request, "slot": self._registration.slot}

    async def close(self) -> None:
        await self._open_link.close()
        await self._reader

    async def cut(self) -> None:
        self._open_link.cut()
        await self._reader

    # ---- what the mesh says

    @property
    def _open_link(self) -> Link:
        if self._link is None:
            raise ValueError("no link is open")
        return self._link

    async def _read(self, link: Link) -> None:
        async for channel, frame in link.frames():
            if channel == "text":
                tell("text", text=frame)
            elif channel == CHANNEL_ECHO:
                tell("echo", nonce=frame.nonce)
            elif channel == CHANNEL_LINK:
                await self._on_link(link, frame)
            elif channel == CHANNEL_PUSH:
                await self._on_push(link, frame)
        code, reason = link.closed
        self._link = None
        tell("closed", code=code, reason=reason)

    async def _on_link(self, link: Link, frame) -> None:
        if frame.welcome is not None:
            welcome = frame.welcome
            self._state.save(session=b64url(welcome.session))
            mine = [one for one in welcome.registrations if one.appId == self._app_id]
            tell("welcome", resumed=welcome.resumed, registrations=len(welcome.registrations))
            if mine:
                await self._attach(link, mine[0])
            else:
                self._request += 1
                await link.push(register=Register(request=self._request, appId=self._app_id))
        elif frame.refusal is not None:
            tell("refusal", name=frame.refusal.name)

    async def _on_push(self, link: Link, frame) -> None:
        if frame.registered is not None:
            await self._attach(link, frame.registered.registration)
        elif frame.unregistered is not None:
            tell("unregistered", slot=frame.unregistered.slot)
        elif frame.refusal is not None:
            tell("refusal", name=frame.refusal.name)
        elif frame.done is not None:
            tell("done")
        elif frame.described is not None:
            tags, aliases = self._described
            tags.extend(frame.described.tags)
            aliases.extend(frame.described.aliases)
            if not frame.described.more:
                tell("described", tags=sorted(tags), aliases=sorted(aliases))
        elif frame.aliasLost is not None:
            tell("aliasLost", alias=frame.aliasLost.alias)
        elif frame.broadcasts is not None:
            cursors = {one.tagRef: self._take_broadcast(one) for one in frame.broadcasts.broadcasts}
            if self._acknowledges:
                await link.push(cursors=list(cursors.values()))
        elif frame.deliver is not None:
            lanes: dict[tuple[int, int], Ack] = {}
            for message in frame.deliver.messages:
                lane = message.slot, message.priority
                ack = lanes.setdefault(lane, Ack(*lane, seq=0, discarded=[]))
                ack.seq = message.seq
                if not self._take(message):
                    ack.discarded.append(message.seq)
            if self._acknowledges:
                await link.push(acks=list(lanes.values()))

    async def _attach(self, link: Link, registration) -> None:
        self._registration = registration
        await link.push(attach=Attach(slot=registration.slot))
        tell("attached", regId=registration.regId)

    def _take(self, message) -> bool:
        """Whether the app has it now. What has no time left is a question after that, and shown to nobody."""
        duplicate = self._is_known(message)
        self._state.save(lastSeq=max(self._state.values.get("lastSeq", 0), message.seq))
        if message.remainingMs == 0:
            tell("asked", id=message_id(message, self._registration.regId), taken=duplicate)
            return duplicate
        tell(
            "duplicate" if duplicate else "message",
            id=message_id(message, self._registration.regId),
            data=data_of(message),
            priority=message.priority,
            replay=bool(message.replay),
        )
        if not duplicate:
            self._state.save(keys=self._keys_with(message))
        return True

    def _take_broadcast(self, broadcast) -> Cursor:
        """Section 6, Broadcasts: known by its key, or by the cursor of its tag."""
        cursors = self._state.values.get("cursors", {})
        before = cursors.get(str(broadcast.tagRef), {"position": 0})["position"]
        duplicate = broadcast.position <= before or self._is_known(broadcast)
        tell(
            "duplicate" if duplicate else "broadcast",
            id=message_id(broadcast, broadcast.source),
            tag=broadcast.tag,
            data=data_of(broadcast),
        )
        cursor = {
            "slot": broadcast.slot,
            "tagRef": broadcast.tagRef,
            "position": max(before, broadcast.position),
        }
        self._state.save(
            keys=self._keys_with(broadcast),
            cursors={**cursors, str(broadcast.tagRef): cursor},
        )
        return Cursor(**cursor)

    def _is_known(self, message) -> bool:
        """By key and data; by the key alone where an older mesh asks without telling the data."""
        keys = self._state.values.get("keys", [])
        told = getattr(message, "dataHash", None)
        if told is None and getattr(message, "remainingMs", None) == 0 and not message.data:
            return any(known.startswith(f"{b64url(message.key)} ") for known in keys)
        return entry_of(message, told) in keys

    def _keys_with(self, message) -> list[str]:
        keys = self._state.values.get("keys", [])
        return [*keys, entry_of(message)][-DUPLICATE_WINDOW:]


def entry_of(message, told: int | None = None) -> str:
    """What tells a message from others: its key, and the hash of its data."""
    return f"{b64url(message.key)} {data_hash(message.data) if told is None else told}"


def data_hash(data: bytes) -> int:
    """FNV-1a of 32 bits, as a signed number."""
    value = 0x811C9DC5
    for byte in data:
        value = (value ^ byte) * 0x01000193 % 2**32
    return value - 2**32 if value >= 2**31 else value


def data_of(message):
    if message.contentType == ContentType.JSON:
        return json.loads(message.data)
    if message.contentType == ContentType.TEXT:
        return message.data.decode()
    return base64.b64encode(message.data).decode()


COMMANDS = (
    "account",
    "open",
    "acknowledge",
    "ping",
    "echo",
    "unregister",
    "subscribe",
    "alias",
    "describe",
    "close",
    "cut",
)


async def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("mesh", "app", "state", "id"):
        parser.add_argument(f"--{name}", required=True)
    options = parser.parse_args()
    device = Device(options.mesh, options.app, State(Path(options.state)), options.id)
    commands = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    while line := await commands.readline():
        command = json.loads(line)
        name = command.pop("do")
        if name not in COMMANDS:
            raise ValueError(f"no command {name}")
        await getattr(device, name)(**command)


if __name__ == "__main__":
    asyncio.run(main())
