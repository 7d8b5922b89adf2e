/** A live listener as a page has it, without any SDK, and what the app's server does for it. */
import { createHmac, createPrivateKey, sign } from "node:crypto";
import { signRequest } from "../../../sdk/server/sign.ts";
import { signerOf } from "../../../sdk/server/signer.ts";
import type { App } from "../../chaos/mesh.ts";

export interface Heard {
  readonly type: string;
  readonly cursor: number;
  readonly [field: string]: unknown;
}

export const nowSeconds = (): number => Math.floor(Date.now() / 1_000);

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

const ED25519 = "ed25519:";
const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");

/** An Ed25519 private key from the secret of a sending key. */
export const privateKeyOf = (secret: string) =>
  createPrivateKey({
    key: Buffer.concat([PKCS8, Buffer.from(secret.slice(ED25519.length), "base64url")]),
    format: "der",
    type: "pkcs8",
  });

/** A listen token by a key of either kind; every part may be made wrong. */
export function listenToken(
  { keyId, secret }: App,
  tag: string,
  claims: Readonly<Record<string, unknown>> = {},
  header: Readonly<Record<string, unknown>> = {},
): string {
  const iat = nowSeconds();
  const isEd25519 = secret.startsWith(ED25519);
  const alg = isEd25519 ? "EdDSA" : "HS256";
  const head = part({ typ: "pushmesh-listen+jwt", alg, kid: keyId, ...header });
  const body = part({ aud: "pushmesh", tag, iat, exp: iat + 60, ...claims });
  const signed = Buffer.from(`${head}.${body}`);
  const signature = isEd25519
    ? sign(null, signed, privateKeyOf(secret))
    : createHmac("sha256", Buffer.from(secret, "base64url")).update(signed).digest();
  return `${signed}.${signature.toString("base64url")}`;
}

/** A signed call of the app's server. */
export async function call(
  meshUrl: string,
  { keyId, secret }: App,
  method: "GET" | "POST" | "PUT",
  path: string,
  body?: unknown,
): Promise<Response> {
  const url = meshUrl + path;
  const bytes = body === undefined ? null : new TextEncoder().encode(JSON.stringify(body));
  const headers = new Headers(bytes === null ? {} : { "content-type": "application/json" });
  if (method === "POST") headers.set("idempotency-key", crypto.randomUUID());
  const signer = await signerOf(secret);
  await signRequest(method, url, headers, bytes, { keyId, signer, created: nowSeconds() });
  return fetch(url, { method, headers, ...(bytes === null ? {} : { body: bytes }) });
}

export async function setLive(
  meshUrl: string,
  app: App,
  tag: string,
  access: "closed" | "token" | "open",
): Promise<void> {
  const path = `/v1/tags/${encodeURIComponent(tag)}/live`;
  const answer = await call(meshUrl, app, "PUT", path, { access });
  if (answer.status !== 204) throw new Error(`${answer.status} ${await answer.text()}`);
}

export async function broadcast(
  meshUrl: string,
  app: App,
  to: unknown,
  data: unknown,
  fields: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const answer = await call(meshUrl, app, "POST", "/v1/messages", { to, data, ...fields });
  const body = await answer.json();
  if (answer.status !== 202) throw new Error(JSON.stringify(body));
  return body.id;
}

/** `wss://…/live` of a tag. */
export function liveUrl(
  meshUrl: string,
  { appId }: Pick<App, "appId">,
  tag: string,
  query: Readonly<Record<string, string>> = {},
): string {
  const url = new URL(`${meshUrl}/v1/apps/${appId}/tags/${encodeURIComponent(tag)}/live`);
  url.search = new URLSearchParams(query).toString();
  return url.href;
}

/** A WebSocket, or an event stream, and all that came on it. */
export class Listener {
  readonly heard: Heard[] = [];
  /** What the event's `id:` said, in order; of a stream. */
  readonly ids: string[] = [];
  readonly ended: Promise<{ code: number; reason: string }>;
  readonly close: () => void;
  #changed: () => void = () => {};

  constructor(
    run: (take: (event: Heard, id?: string) => void) => {
      readonly ended: Promise<{ code: number; reason: string }>;
      readonly close: () => void;
    },
  ) {
    const { ended, close } = run((event, id) => {
      this.heard.push(event);
      if (id !== undefined) this.ids.push(id);
      this.#changed();
    });
    this.ended = ended;
    this.close = close;
    ended.then(() => this.#changed());
  }

  static socket(url: string, protocols: string[] = []): Listener {
    return new Listener((take) => {
      const socket = new WebSocket(url.replace(/^http/, "ws"), protocols);
      socket.addEventListener("message", ({ data }) => take(JSON.parse(data)));
      const ended = new Promise<{ code: number; reason: string }>((resolve) => {
        socket.addEventListener("close", ({ code, reason }) => resolve({ code, reason }));
      });
      return { ended, close: () => socket.close() };
    });
  }

  /** @throws the problem's body, where it is refused */
  static async stream(
    url: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Listener> {
    const abort = new AbortController();
    const answer = await fetch(url, {
      headers: { accept: "text/event-stream", ...headers },
      signal: abort.signal,
    });
    if (!answer.ok || answer.body === null) throw await answer.json();
    const text = answer.body.pipeThrough(new TextDecoderStream());
    return new Listener((take) => ({
      ended: readEvents(text, take).then(
        () => ({ code: 0, reason: "ended" }),
        (error: unknown) => ({ code: -1, reason: `${error}` }),
      ),
      close: () => abort.abort(),
    }));
  }

  get messages(): Heard[] {
    return this.heard.filter(({ type }) => type === "message");
  }

  get datas(): unknown[] {
    return this.messages.map(({ data }) => data);
  }

  /** The last place it knows. */
  get cursor(): number {
    return this.heard.at(-1)?.cursor ?? 0;
  }

  /** Resolves when it holds. @throws where the connection has ended before */
  async until(holds: (listener: this) => boolean): Promise<void> {
    let end: { code: number; reason: string } | null = null;
    this.ended.then((how) => {
      end = how;
    });
    while (!holds(this)) {
      if (end !== null) throw new Error(`it ended: ${JSON.stringify(end)}`);
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }

  /** Resolves when the node has taken it: the presence comes first. */
  async open(): Promise<this> {
    await this.until(({ heard }) => heard.length > 0);
    return this;
  }
}

/** Server-sent events as a browser reads them, as far as the mesh uses them. */
async function readEvents(
  text: ReadableStream<string>,
  take: (event: Heard, id?: string) => void,
): Promise<void> {
  let rest = "";
  for await (const chunk of text) {
    const events = (rest + chunk).split("\n\n");
    rest = events.pop() ?? "";
    for (const event of events) {
      const fields = new Map(
        event.split("\n").map((line) => line.split(/: (.*)/s, 2) as [string, string]),
      );
      const data = fields.get("data");
      if (data === undefined) continue;
      const body: Heard = JSON.parse(data);
      if ((fields.get("event") ?? "message") !== body.type) throw new Error(event);
      take(body, fields.get("id"));
    }
  }
}
