/** Every route of the edge, on real objects: requests that are right, wrong, forged and broken. */
import { ERRORS } from "../../../schema/errors.ts";
import { type OperationId, ROUTES } from "../../../schema/http.ts";
import type { Random } from "../../chaos/random.ts";
import { faultsOf, routesOf } from "../../support/contract.ts";
import { mutateText, someBytes } from "../mutate/bytes.ts";
import { type Json, mutateJson, textOf } from "../mutate/json.ts";
import { OPERATIONS, type Operation, sampleOf, type Words } from "../requests.ts";
import { Broken, type Probe, promise, type Target } from "../target.ts";
import { type Answered, type App, type Call, jws, OPENED, signatureOf, World } from "../world.ts";

/** Requests after which another world is made: objects keep what they are told, and memory is to stay flat. */
const LIFE = 500;
/** Share of the requests that end what others are sent to. */
const ENDINGS = 0.1;
const ORIGIN = "http://mesh.example";

/** What the caller of a request is, in truth. */
type Right = "nobody" | "app" | "owner";

interface Made {
  readonly operation: Operation;
  readonly request: Request;
  /** Text of all that was asked, for a report. */
  readonly told: string;
  readonly right: Right;
  /** The app whose key signed it, if one did. */
  readonly by: App;
}

const seconds = (): number => Math.floor(Date.now() / 1_000);
const times = (): object => ({
  aud: "pushmesh",
  iat: seconds(),
  exp: seconds() + 60,
  jti: `fuzz-${Math.random()}`,
});

function wordsOf(world: World, random: Random): Words {
  const regIds = world.devices.map(({ regId }) => regId) as [string, ...string[]];
  const appIds = world.apps.map(({ appId }) => appId) as [string, ...string[]];
  const broken = mutateText(random.pick(regIds), random);
  const key = Buffer.from(someBytes(random, 32)).toString("base64url");
  return {
    to: [...regIds, broken],
    regId: [...regIds, broken],
    add: [...regIds, broken],
    remove: [...regIds, broken],
    alias: ["user-0", "user-1", "nobody", "é"],
    tag: ["news", "é", "own-1", "unknown"],
    appId: [...appIds, mutateText(appIds[0], random)],
    keyId: world.apps.map(({ keyId }) => keyId) as [string, ...string[]],
    id: [`${text(random)}.${regIds[0]}`, text(random)],
    data: ["x", { title: "é", n: [1, 2.5, null] }, 1e21],
    dataBase64: ["", "AAEC", Buffer.from(someBytes(random, 100)).toString("base64")],
    publicKey: [key],
    proof: [proof(world, random)],
    cursor: ["", "0", "dCswLm5ld3M", text(random)],
    credentialId: [text(random)],
    name: ["an app", "é", "x".repeat(128)],
  };
}

const text = (random: Random): string =>
  Buffer.from(someBytes(random, random.between(0, 40))).toString("base64url");

function proof(world: World, random: Random): string {
  const [device] = world.devices;
  if (device === undefined) throw new Error("no device");
  const jwk = device.keys.publicKey.export({ format: "jwk" });
  const ids = [Buffer.alloc(32, random.between(0, 3)).toString("base64url")];
  const header = { alg: "EdDSA", typ: "pushmesh-account+jwt", jwk };
  const token = jws(header, { ...times(), ids }, device.keys.privateKey);
  return random.chance(0.5) ? token : mutateText(token, random);
}

/** A listen token or connect token, right or not. */
function tokenOf(world: World, operation: Operation, app: App, random: Random): string {
  const claims = operation.id === "openLink" ? { cred: text(random) } : { tag: "news" };
  const header =
    operation.id === "openLink"
      ? { alg: "EdDSA", typ: "pushmesh-connect+jwt" }
      : { alg: "HS256", typ: "pushmesh-listen+jwt", kid: app.keyId };
  const [device] = world.devices;
  const key = operation.id === "openLink" ? device?.keys.privateKey : app.secret;
  const token = jws(header, { ...times(), ...claims }, key ?? app.secret);
  return random.chance(0.6) ? token : mutateText(token, random);
}

/**
 * Breaks a signature, in one of the ways there are.
 *
 * @returns whether it may still be right: structured fields have several texts for one value, such as a parameter said twice
 */
function forge(headers: Record<string, string>, random: Random): boolean {
  const { signature = "", "signature-input": input = "", "content-digest": digest } = headers;
  switch (random.between(0, 5)) {
    case 0:
      delete headers["signature"];
      return false;
    case 1:
      headers["signature"] = `sig=:${Buffer.from(someBytes(random, 32)).toString("base64")}:`;
      return false;
    case 2:
      headers["signature"] = mutateText(signature, random);
      return headers["signature"].includes(signature.slice("sig=:".length, -1));
    case 3:
      headers["signature-input"] = mutateText(input, random);
      return true;
    case 4:
      if (digest === undefined) return true;
      headers["content-digest"] = mutateText(digest, random);
      return headers["content-digest"].includes(digest.slice("sha-256=:".length, -1));
    default:
      headers["signature-input"] = input.replace(/keyid="[^"]*"/, `keyid="${text(random)}"`);
      return false;
  }
}

const authOf = ({ id }: Operation): string => ROUTES[id as OperationId].auth;
const isOfOperators = (operation: Operation): boolean => authOf(operation) === "admin";

function make(world: World, random: Random): Made | null {
  const operation = random.pick(OPERATIONS);
  if (operation.id === "removeRegistration" && !random.chance(ENDINGS)) return make(world, random);
  const isOperators = isOfOperators(operation);
  const words = wordsOf(world, random);
  const by = random.pick(world.apps as [App, ...App[]]);
  const named = (name: string): Json => {
    // What operators change and end is an app of its own.
    if (isOperators && name === "appId") return world.scratch.appId;
    if (isOperators && name === "keyId") return world.scratch.keyId;
    return random.pick(words[name] ?? ["x"]);
  };
  let path = operation.path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => {
    const value = random.chance(0.9) ? `${named(name)}` : text(random);
    return encodeURIComponent(value.toWellFormed());
  });
  const query = operation.parameters.filter((one) => one.in === "query" && random.chance(0.4));
  const asked = query.map(({ name, schema }) => {
    const value = random.chance(0.8) ? sampleOf(schema ?? {}, random, words, name) : text(random);
    return `${name}=${encodeURIComponent(`${value}`.toWellFormed())}`;
  });
  if (asked.length > 0) path += `?${asked.join("&")}`;
  if (random.chance(0.1)) path = `/${mutateText(path.slice(1), random)}`;
  let body: string | null = null;
  if (operation.body !== undefined) {
    let value = sampleOf(operation.body, random, words);
    for (let left = random.pick([0, 1, 1, 2]); left > 0; left--) value = mutateJson(value, random);
    body = textOf(value, random).toWellFormed();
  }
  const method = random.chance(0.97)
    ? operation.method
    : random.pick(["PATCH", "HEAD", "DELETE", "POST"]);
  const headers: Record<string, string> = { host: "mesh.example" };
  if (body !== null)
    headers["content-type"] = random.chance(0.97) ? "application/json" : "text/plain";
  if (random.chance(0.5))
    headers["prefer"] = random.pick(["respond-async", "wait=0", "wait=x", ""]);
  let right: Right = "nobody";
  try {
    // As the host reads it, and as it is signed.
    const url = new URL(path, ORIGIN);
    if (url.origin !== ORIGIN) return null;
    const target = url.pathname + url.search;
    right = authorise(world, { operation, by, headers, body, method, target }, random);
    const withBody = body !== null && method !== "HEAD" && method !== "GET";
    const request = new Request(url, { method, headers, ...(withBody && { body }) });
    const told = `${method} ${target} ${JSON.stringify(headers)} ${body}`;
    return { operation, request, told, right, by };
  } catch (error) {
    // No host would pass such a header or address on.
    if (error instanceof TypeError) return null;
    throw error;
  }
}

interface Draft {
  readonly operation: Operation;
  readonly by: App;
  readonly headers: Record<string, string>;
  readonly body: string | null;
  readonly method: string;
  readonly target: string;
}

/** Gives a request credentials that are right, wrong or missing. */
function authorise(world: World, draft: Draft, random: Random): Right {
  const { operation, by, headers, body, method, target } = draft;
  if (isOfOperators(operation)) {
    const isOwner = random.chance(0.5);
    const wrong = random.pick(["", text(random), mutateText(world.adminToken, random)]);
    headers["authorization"] = `Bearer ${isOwner ? world.adminToken : wrong}`;
    // Headers are read without the white space around them.
    return isOwner || wrong.trimEnd() === world.adminToken ? "owner" : "nobody";
  }
  if (operation.id === "openLink" || operation.id === "listenLive") {
    const token = tokenOf(world, operation, by, random);
    const protocol = operation.id === "openLink" ? "pushmesh.v1" : "pushmesh.live.v1";
    if (random.chance(0.8)) headers["upgrade"] = "websocket";
    else headers["accept"] = "text/event-stream";
    headers["sec-websocket-protocol"] = `${protocol}, pushmesh.token.${token}`;
    return "nobody";
  }
  if (authOf(operation) === "none") return "nobody";
  if (random.chance(0.1)) return "nobody";
  const key = random.chance(0.3) ? text(random) || "k" : null;
  const signed = { method, path: target, body };
  Object.assign(headers, signatureOf(by, signed, random.chance(0.9) ? key : "x".repeat(200)));
  return random.chance(0.6) || forge(headers, random) ? "app" : "nobody";
}

/** Calls that find out who asks. */
const isAsking = ({ kind, method }: Call): boolean =>
  (kind === "app" && (method === "record" || method === "keyUsed")) ||
  (kind === "directory" && (method === "useCredential" || method === "audit"));

/** Refusals of who may not, or who asks for what has no form: nothing but who asks may have been looked at. */
const BEFORE =
  /^(signature_|key_unknown|key_expired|digest_|scope_|proof_|token_|admin_|role_|body_|content_type|method_|request_|not_found|upgrade_|subprotocol_)/;

async function check(world: World, made: Made, { response, calls, logged }: Answered) {
  const { operation, request, told, right, by } = made;
  const { status, headers } = response;
  const body = await response.text();
  const say = (what: string) => () =>
    `${what}: ${told} → ${status} ${body.slice(0, 300)} ${JSON.stringify(calls)} ${logged}`;
  promise(status !== 500 && logged === "", say("the edge failed"));
  const opened = headers.get(OPENED);
  const code = opened ?? /"code":"(\w+)"/.exec(body)?.[1] ?? "";
  const acting = calls.filter((call) => !isAsking(call));
  if (opened === null) {
    const { pathname, search } = new URL(request.url);
    const received = { method: request.method, path: pathname + search, status, headers, body };
    const faults = faultsOf(received);
    promise(faults.length === 0, say(faults.join("; ")));
  } else promise(opened === "yes" || opened in ERRORS, say("closed with an unknown code"));
  const path = new URL(request.url).pathname;
  if (BEFORE.test(code))
    promise(acting.length === 0, say("an object was called before the refusal"));
  const wantsRight = ["signature", "admin"].includes(authOf(operation));
  if (right === "nobody" && wantsRight && status < 400 && status !== 204) {
    // A path that was changed may be that of another route.
    const isPublic = routesOf(path)?.routes.every(({ auth }) => auth === "none") === true;
    promise(isPublic || request.method === "OPTIONS", say("answered nobody"));
  }
  if (right === "app") {
    const others = world.devices.filter((device) => !world.devicesOf(by).includes(device));
    const foreign = acting.find(({ name }) => others.some((device) => device.name === name));
    promise(foreign === undefined, say("reached a device of another app"));
  }
  return status < 400;
}

async function open(): Promise<Probe> {
  let world = await World.make();
  let left = LIFE;
  return {
    async attempt(random) {
      if (left-- === 0) {
        world.close();
        world = await World.make();
        left = LIFE;
      }
      const made = make(world, random);
      if (made === null) return false;
      const taken = await check(world, made, await world.ask(made.request));
      const [reported] = world.reported.splice(0);
      if (reported !== undefined)
        throw new Broken(`an object failed after ${made.told}: ${(reported as Error).stack}`);
      return taken;
    },
    close: () => world.close(),
  };
}

export const routes: Target = { name: "routes", share: 8, open };
