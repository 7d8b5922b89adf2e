/** A hostile anonymous client: it knows an appId, has recorded what others sent, and holds nothing. */
import { hash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { CHANNEL_ECHO, encodeEcho, encodeEnvelope } from "../../../schema/generated/link.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { hello, push, RawAccount } from "../../mesh/support/raw-device.ts";
import { clientFrame } from "../../mesh/support/raw-socket.ts";
import type { Random } from "../random.ts";
import {
  ANSWER_MS,
  type Attack,
  ask,
  dial,
  hold,
  junk,
  junkToken,
  type Loot,
  offerOf,
} from "./attack.ts";
import { outcomeOf, request, upgrade, Wire } from "./wire.ts";

/** How long the slow ones go on: beyond the mesh's own patience with a head, and with a link that says nothing. */
const SLOW_MS = LIMITS.HEAD_TIMEOUT_MS + 3_000;
const DRIP_MS = 200;
const FLOOD_FRAMES = 2_000;
const SERIES = 100;
/** RSV1: the frame claims to be compressed. */
const COMPRESSED = 0x42;

/** Accounts that could be opened, for attacks by their links; the mesh limits how many there are. */
const accounts: RawAccount[] = [];
const ACCOUNTS_KEPT = 200;

async function account({ address }: Loot): Promise<RawAccount | null> {
  const one = new RawAccount();
  try {
    await one.open(`http://${address.host}:${address.port}`);
  } catch {
    return null;
  }
  if (accounts.length < ACCOUNTS_KEPT) accounts.push(one);
  return one;
}

/** One that was opened before, or a new one. */
async function anyAccount(loot: Loot, random: Random): Promise<RawAccount | null> {
  const known = accounts[random.between(0, Math.max(0, accounts.length - 1))];
  return known !== undefined && random.chance(0.8) ? known : await account(loot);
}

/** A link of an account without a registration, after hello. */
async function link(loot: Loot, random: Random, more: Uint8Array[] = []): Promise<Wire | null> {
  const own = await anyAccount(loot, random);
  if (own === null) return null;
  const early = Buffer.concat([hello(), ...more].map((payload) => clientFrame(2, payload)));
  return dial(loot, "/v1/connect", offerOf(own.token()), early);
}

/** Writes a text byte by byte. */
async function drip(wire: Wire | null, text: string): Promise<string> {
  const end = Date.now() + SLOW_MS;
  for (let at = 0; wire !== null && !wire.ended && Date.now() < end; at++) {
    wire.write(text[at % text.length] ?? "a");
    await wire.until(() => false, DRIP_MS);
  }
  wire?.destroy();
  return outcomeOf(wire);
}

const livePath = ({ appId }: Loot, tag: string): string =>
  `/v1/apps/${appId}/tags/${encodeURIComponent(tag)}/live`;
const LIVE = { "sec-websocket-protocol": "pushmesh.live.v1" };

/** A send that looks signed; the digest of its body is right more often than not, so that the signature is looked at. */
function forgedSend(loot: Loot, random: Random, body: string, more = {}): string {
  const keyId = random.chance(0.5) ? loot.keyId : junk(random, 24).toString("base64url");
  const created = Math.floor(Date.now() / 1_000);
  const digest = random.chance(0.8)
    ? hash("sha256", body, "base64")
    : junk(random, 32).toString("base64");
  return request("POST", "/v1/messages", body, {
    "content-digest": `sha-256=:${digest}:`,
    "signature-input": `sig=("@method" "@path" "content-digest");created=${created};keyid="${keyId}";nonce="${random.next()}"`,
    signature: `sig=:${junk(random, 32).toString("base64")}:`,
    ...more,
  });
}

const sendTo = ({ regIds }: Loot, random: Random, data: string): string =>
  JSON.stringify({ to: regIds[random.between(0, regIds.length - 1)], data });

export const QUICK: Readonly<Record<string, Attack>> = {
  "junk connect tokens": (loot, random) =>
    dial(
      loot,
      "/v1/connect",
      offerOf(junk(random, random.between(1, 600)).toString("base64url")),
    ).then((wire) => hold(wire, 500)),
  "tokens that nobody signed": (loot, random) => {
    const token = junkToken(
      random,
      { alg: "EdDSA", typ: "pushmesh-connect+jwt" },
      { cred: "AAAA" },
    );
    return dial(loot, "/v1/connect", offerOf(token)).then((wire) => hold(wire, 500));
  },
  "tokens of others, replayed": async (loot, random) => {
    const { usedTokens } = loot;
    const token = usedTokens[random.between(0, usedTokens.length - 1)] ?? "";
    return hold(await dial(loot, "/v1/connect", offerOf(token)), 1_000);
  },
  "its own token, twice": async (loot, random) => {
    const own = await anyAccount(loot, random);
    if (own === null) return "no account";
    const offer = offerOf(own.token());
    const first = await dial(loot, "/v1/connect", offer);
    const second = await hold(await dial(loot, "/v1/connect", offer), 500);
    first?.destroy();
    return second;
  },
  "accounts without end": async (loot) => ((await account(loot)) === null ? "refused" : "account"),
  "junk proofs": (loot, random) => {
    const proof = junkToken(random, { alg: "EdDSA", typ: "pushmesh-account+jwt" }, { ids: ["x"] });
    return ask(loot, request("POST", "/v1/devices", JSON.stringify({ proof })));
  },
  "upgrades that are reset": async ({ address, usedTokens }) => {
    const wire = await Wire.open(address, upgrade("/v1/connect", offerOf(usedTokens[0] ?? "")));
    wire?.destroy();
    return "reset";
  },
  "half upgrades": async ({ address }, random) => {
    const text = upgrade("/v1/connect", offerOf("x"));
    const wire = await Wire.open(address, text.slice(0, random.between(1, text.length - 1)));
    return hold(wire, random.between(0, 500));
  },
  "unknown tags": (loot, random) =>
    dial(loot, livePath(loot, `made-up-${random.next()}`), LIVE).then((wire) => hold(wire, 300)),
  "listen tokens, forged and over": async (loot, random) => {
    const kid = loot.keyId;
    const forged = junkToken(
      random,
      { alg: "HS256", typ: "pushmesh-listen+jwt", kid },
      { tag: "closed" },
    );
    const token = random.chance(0.5) ? forged : loot.pastListenToken;
    const headers = { "sec-websocket-protocol": `pushmesh.live.v1, pushmesh.token.${token}` };
    return hold(await dial(loot, livePath(loot, "closed"), headers), 300);
  },
  "listeners of an open tag": (loot) =>
    dial(loot, livePath(loot, loot.openTag), LIVE).then((wire) => hold(wire, 2_000)),
  "streams of an open tag": (loot) =>
    Wire.open(
      loot.address,
      `GET ${livePath(loot, loot.openTag)} HTTP/1.1\r\nhost: mesh\r\naccept: text/event-stream\r\n\r\n`,
    ).then((wire) => hold(wire, 2_000)),
  "registers without a grant, or with one of others": async (loot, random) => {
    const forged = junkToken(
      random,
      { alg: "HS256", typ: "pushmesh-grant+jwt", kid: loot.keyId },
      { register: true },
    );
    const grants = [undefined, forged, loot.foreignGrant, "x".repeat(random.between(1, 3_000))];
    const frames = grants.map((grant, request) =>
      push({ kind: "register", value: { request, appId: loot.appId, ...(grant && { grant }) } }),
    );
    return hold(await link(loot, random, frames), 1_000);
  },
  "tiny frames": async (loot, random) => {
    const echo = encodeEnvelope({ channel: CHANNEL_ECHO, body: encodeEcho({ nonce: 1 }) });
    const frames = Array.from({ length: FLOOD_FRAMES }, () => echo);
    return hold(await link(loot, random, frames), 500);
  },
  "pings without end": async (loot, random) => {
    const wire = await link(loot, random);
    for (let i = 0; i < FLOOD_FRAMES; i++) wire?.frame(Buffer.alloc(100), 9);
    return hold(wire, 500);
  },
  "frames at the limit and over": async (loot, random) => {
    const wire = await link(loot, random);
    for (const over of [0, 1]) wire?.frame(junk(random, LIMITS.FRAME_BYTES + over));
    return hold(wire, 500);
  },
  "a frame that claims 2^40 bytes": async (loot, random) => {
    const wire = await link(loot, random);
    const head = Buffer.from([0x82, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    wire?.write(Buffer.concat([head, junk(random, 1_000)]));
    return hold(wire, 500);
  },
  "compressed junk": async (loot, random) => {
    if (random.chance(0.5)) {
      const bomb = gzipSync(Buffer.alloc(1_000_000)).toString("latin1");
      const gzip = { "content-encoding": "gzip" };
      return ask(loot, Buffer.from(request("POST", "/v1/devices", bomb, gzip), "latin1"));
    }
    const own = await anyAccount(loot, random);
    if (own === null) return "no account";
    const extensions = { "sec-websocket-extensions": "permessage-deflate" };
    const wire = await dial(loot, "/v1/connect", { ...offerOf(own.token()), ...extensions });
    wire?.write(clientFrame(COMPRESSED, junk(random, 200)));
    return hold(wire, 500);
  },
  "no hello, but anything else": async (loot, random) => {
    const own = await anyAccount(loot, random);
    if (own === null) return "no account";
    const wire = await dial(loot, "/v1/connect", offerOf(own.token()));
    wire?.frame(junk(random, random.between(0, 300)));
    return hold(wire, 500);
  },
  "guesses of the admin token": (loot, random) => {
    const authorization = `Bearer ${junk(random, 24).toString("base64url")}`;
    const paths = ["/v1/apps", "/v1/admin/audit", `/v1/apps/${loot.appId}/keys`];
    return ask(loot, request("GET", random.pick(["/v1/apps", ...paths]), "", { authorization }));
  },
  "sends that are not signed, or not rightly": (loot, random) =>
    ask(loot, forgedSend(loot, random, sendTo(loot, random, "x"))),
  "large bodies that are not signed rightly": (loot, random) =>
    ask(loot, forgedSend(loot, random, sendTo(loot, random, "x".repeat(30_000)))),
  "bodies that are too large": (loot, random) =>
    ask(loot, forgedSend(loot, random, "x".repeat(200_000))),
  "requests without waiting for answers": async ({ address }) => {
    const wire = await Wire.open(address);
    wire?.pause();
    wire?.write("GET /v1/nowhere HTTP/1.1\r\nhost: mesh\r\n\r\n".repeat(500));
    return hold(wire, 1_000);
  },
  "what is refused, one after another on one connection": async (loot, random) => {
    const wire = await Wire.open(loot.address);
    for (let n = 0; n < SERIES && wire?.ended === false; n++) {
      const authorization = `Bearer ${junk(random, 24).toString("base64url")}`;
      const guess = request("GET", "/v1/apps", "", { authorization });
      wire.write(random.chance(0.5) ? guess : forgedSend(loot, random, sendTo(loot, random, "x")));
      await wire.answer(ANSWER_MS);
      if (n < SERIES - 1) wire.drop();
    }
    wire?.destroy();
    return outcomeOf(wire);
  },
  "bytes that are no HTTP": (loot, random) =>
    ask(loot, Buffer.concat([junk(random, 400), Buffer.from("\r\n\r\n")])),
  "heads that are too long": (loot) =>
    ask(loot, `GET / HTTP/1.1\r\nhost: mesh\r\nx: ${"y".repeat(LIMITS.HEAD_BYTES)}\r\n\r\n`),
};

/** These hold a connection each for as long as the mesh lets them. */
export const SLOW: Readonly<Record<string, Attack>> = {
  "heads, byte by byte": async ({ address }) =>
    drip(await Wire.open(address), upgrade("/v1/connect", { x: "y".repeat(1_000) }).trimEnd()),
  "bodies, byte by byte": async ({ address }) => {
    const head = request("POST", "/v1/devices", "", { "content-length": "16000" });
    return drip(await Wire.open(address, head), " ");
  },
  "connections that say nothing": async ({ address }) => hold(await Wire.open(address), SLOW_MS),
  "links without hello": async (loot, random) => {
    const own = await anyAccount(loot, random);
    if (own === null) return "no account";
    return hold(await dial(loot, "/v1/connect", offerOf(own.token())), SLOW_MS);
  },
  "links that do nothing": async (loot, random) => hold(await link(loot, random), SLOW_MS),
};
