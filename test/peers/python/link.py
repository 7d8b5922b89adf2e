"""The link of docs/protocol.md, sections 2 to 6: envelopes over one WebSocket, by Apache Thrift's own code."""

import base64

import websockets
from pushmesh.link.constants import (
    CHANNEL_ECHO,
    CHANNEL_LINK,
    CHANNEL_PUSH,
    PROTOCOL_REVISION,
)
from pushmesh.link.ttypes import (
    Echo,
    Envelope,
    Hello,
    LinkDown,
    LinkUp,
    PushDown,
    PushUp,
)
from thrift.protocol.TCompactProtocol import TCompactProtocol
from thrift.transport.TTransport import TMemoryBuffer

MAX_FRAME_BYTES = 65_536
SUBPROTOCOL = "pushmesh.v1"
DOWN = {CHANNEL_LINK: LinkDown, CHANNEL_PUSH: PushDown, CHANNEL_ECHO: Echo}


def encode(struct) -> bytes:
    buffer = TMemoryBuffer()
    struct.write(TCompactProtocol(buffer))
    return buffer.getvalue()


def decode(kind, data: bytes):
    buffer = TMemoryBuffer(data)
    struct = kind()
    struct.read(TCompactProtocol(buffer))
    if buffer.cstringio_buf.read(1):
        raise ValueError(f"bytes after {kind.__name__}")
    return struct


def message_id(message, reg_id: str) -> str:
    """The ID that the sender sees (section 6)."""
    raw = message.seq.to_bytes(7, "big") + message.key
    return f"{base64.b32hexencode(raw).decode().lower().rstrip('=')}.{reg_id}"


class Link:
    """One open socket. `frames` yields what the mesh sends: `(channel, frame)`, or `("text", text)`."""

    def __init__(self, socket) -> None:
        self._socket = socket

    @staticmethod
    async def open(mesh: str, token: str) -> "Link":
        url = mesh.replace("http", "ws", 1) + "/v1/connect"
        socket = await websockets.connect(
            url,
            subprotocols=[SUBPROTOCOL, f"pushmesh.token.{token}"],
            max_size=MAX_FRAME_BYTES,
            # The mesh's heartbeat is text (section 8), not WebSocket ping frames.
            ping_interval=None,
        )
        if socket.subprotocol != SUBPROTOCOL:
            raise ValueError(f"the mesh chose subprotocol {socket.subprotocol}")
        return Link(socket)

    async def _send(self, channel: int, body) -> None:
        try:
            await self._socket.send(encode(Envelope(channel=channel, body=encode(body))))
        except websockets.ConnectionClosed:
            # A refused token closes the link at once (section 2): whoever reads it learns why.
            pass

    async def hello(self, **fields) -> None:
        await self._send(CHANNEL_LINK, LinkUp(hello=Hello(revision=PROTOCOL_REVISION, **fields)))

    async def push(self, **frame) -> None:
        await self._send(CHANNEL_PUSH, PushUp(**frame))

    async def echo(self, nonce: int, data: bytes) -> None:
        await self._send(CHANNEL_ECHO, Echo(nonce=nonce, data=data))

    async def ping(self) -> None:
        await self._socket.send("ping")

    async def frames(self):
        try:
            async for data in self._socket:
                if isinstance(data, str):
                    yield "text", data
                    continue
                envelope = decode(Envelope, data)
                kind = DOWN.get(envelope.channel)
                if kind is not None:
                    yield envelope.channel, decode(kind, envelope.body)
        except websockets.ConnectionClosed:
            pass

    async def close(self) -> None:
        await self._socket.close()

    def cut(self) -> None:
        """Drops the connection as a lost network would: without a close frame."""
        self._socket.transport.abort()

    @property
    def closed(self) -> tuple[int | None, str | None]:
        return self._socket.close_code, self._socket.close_reason
