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
from pushmesh.link.ttypes import Ack, Attach, ContentType, Register, Unregister

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
        self._request += 1
        slot = self._registration.slot
        await self._open_link.push(unregister=Unregister(request=self._request, slot=slot))

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
        elif frame.deliver is not None:
            lanes: dict[tuple[int, int], int] = {}
            for message in frame.deliver.messages:
                self._take(message)
                lanes[message.slot, message.priority] = message.seq
            if self._acknowledges:
                acks = [Ack(slot=slot, priority=p, seq=seq) for (slot, p), seq in lanes.items()]
                await link.push(acks=acks)

    async def _attach(self, link: Link, registration) -> None:
        self._registration = registration
        await link.push(attach=Attach(slot=registration.slot))
        tell("attached", regId=registration.regId)

    def _take(self, message) -> None:
        keys: list[str] = self._state.values.get("keys", [])
        key = b64url(message.key)
        duplicate = key in keys
        if message.contentType == ContentType.JSON:
            data = json.loads(message.data)
        elif message.contentType == ContentType.TEXT:
            data = message.data.decode()
        else:
            data = base64.b64encode(message.data).decode()
        tell(
            "duplicate" if duplicate else "message",
            id=message_id(message, self._registration.regId),
            data=data,
            priority=message.priority,
            replay=bool(message.replay),
        )
        if not duplicate:
            last = max(self._state.values.get("lastSeq", 0), message.seq)
            self._state.save(keys=[*keys, key][-DUPLICATE_WINDOW:], lastSeq=last)


COMMANDS = ("account", "open", "acknowledge", "ping", "echo", "unregister", "close", "cut")


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
