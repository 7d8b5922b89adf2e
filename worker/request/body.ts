/** Reads request bodies: bounded while they arrive, then parsed as JSON, then checked against a schema. */
import type { z } from "zod";
import { MeshError } from "../../schema/errors.ts";
import { LIMITS } from "../../schema/limits.ts";
import { costlyJson, membersOf } from "./json-text.ts";

/** @param bound in bytes */
export const bodyTooLarge = (bound: number): MeshError =>
  new MeshError("body_too_large", `the body is over ${bound} bytes`);

/** The client left before the end, or its chunks are malformed: not our error, so it is not logged. */
const broken = (cause: unknown): MeshError =>
  new MeshError("body_invalid", "the body broke off", { cause });

/** @throws MeshError `body_too_large`, by Content-Length */
export function requireBound(request: Request, bound: number): void {
  const declared = request.headers.get("content-length");
  if (declared !== null && !(Number(declared) <= bound)) throw bodyTooLarge(bound);
}

/**
 * Reads the body of a request.
 *
 * @param bound in bytes
 * @throws MeshError `body_too_large`, by Content-Length before any byte is read; `body_invalid` if the body breaks off
 */
export async function readBody(
  request: Request,
  bound: number = LIMITS.BODY_BYTES,
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await read(request, bound);
  } catch (error) {
    throw error instanceof MeshError ? error : broken(error);
  }
}

async function read(request: Request, bound: number): Promise<Uint8Array<ArrayBuffer>> {
  requireBound(request, bound);
  // The host enforces a declared length, so only a chunked body has to be counted.
  if (request.headers.has("content-length")) {
    const body = new Uint8Array(await request.arrayBuffer());
    if (body.length > bound) throw bodyTooLarge(bound);
    return body;
  }
  if (request.body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body as ReadableStream<Uint8Array>) {
    length += chunk.length;
    // Leaving the loop cancels the stream.
    if (length > bound) throw bodyTooLarge(bound);
    chunks.push(chunk);
  }
  const body = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return body;
}

const JSON_TYPE = /^application\/json\s*(;|$)/i;

/** Whether the content type is JSON. */
export const isJson = ({ headers }: Request): boolean =>
  JSON_TYPE.test(headers.get("content-type") ?? "");

/** RFC 8259 gives it no meaning, but a sender that says another one writes other bytes. */
const CHARSET = /;\s*charset\s*=\s*"?([^\s;"]*)/i;
const UTF_8 = /^utf-?8$/i;

/** @throws MeshError `content_type_unsupported`, also for a charset that is not UTF-8 */
export function requireJson(request: Request): void {
  const type = request.headers.get("content-type") ?? "missing";
  if (!isJson(request))
    throw new MeshError("content_type_unsupported", `content-type is ${type.slice(0, 64)}`);
  const charset = CHARSET.exec(type)?.[1];
  if (charset !== undefined && !UTF_8.test(charset)) {
    const detail = `charset is ${charset.slice(0, 64)}; JSON is UTF-8`;
    throw new MeshError("content_type_unsupported", detail);
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });

/** The text of a body, and its parsed value. */
export interface JsonBody {
  readonly text: string;
  readonly value: unknown;
  readonly members: ReturnType<typeof membersOf>;
}

/** @param refusal of bytes that are not UTF-8. @throws MeshError */
export function readText(
  body: Uint8Array,
  refusal = (cause: unknown) => new MeshError("body_invalid", "the bytes are not UTF-8", { cause }),
): string {
  try {
    return utf8.decode(body);
  } catch (cause) {
    throw refusal(cause);
  }
}

/**
 * Parses JSON.
 *
 * @throws MeshError `body_invalid` for anything else, `field_invalid` for an object with two members of one name
 */
export function readJson(body: Uint8Array): JsonBody {
  const text = readText(body);
  const value = parseJson(text);
  return { text, value, members: membersOf(text) };
}

/** @throws MeshError `body_invalid` for text that is no JSON, or costs too much to read */
export function parseJson(text: string): unknown {
  const refusal = costlyJson(text);
  if (refusal !== null) throw new MeshError("body_invalid", refusal);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new MeshError("body_invalid", (cause as SyntaxError).message, { cause });
  }
}

/** Guesses which alternative of a union the sender meant: the one with the fewest faults. */
function nearest(alternatives: readonly z.core.$ZodIssue[][]): z.core.$ZodIssue | undefined {
  // An alternative whose fault names no field is of another type altogether.
  const alike = alternatives.filter(([first]) => first !== undefined && !isOther(first));
  const [best, next] = alike.sort((a, b) => a.length - b.length);
  return best === undefined || best.length === next?.length ? undefined : best[0];
}

const isOther = ({ code, path }: z.core.$ZodIssue): boolean =>
  path.length === 0 && (code === "invalid_type" || code === "invalid_value");

/** The innermost field at fault, and the problem. */
function faultOf(issue: z.core.$ZodIssue): { readonly path: string[]; readonly detail: string } {
  const path = issue.path.map(String);
  if (issue.code === "unrecognized_keys") {
    return { path: [...path, issue.keys[0] ?? ""], detail: "no such field" };
  }
  const inner = issue.code === "invalid_union" ? nearest(issue.errors) : undefined;
  if (inner === undefined) return { path, detail: issue.message };
  const fault = faultOf(inner);
  return { path: [...path, ...fault.path], detail: fault.detail };
}

/**
 * Checks a value against a schema.
 *
 * @throws MeshError `field_invalid` naming the first field at fault and its bound
 */
export function parseValue<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  if (issue === undefined) throw new MeshError("field_invalid");
  const { path, detail } = faultOf(issue);
  if (path.length === 0) throw new MeshError("field_invalid", detail);
  // The sender chooses field names, which may be as long as the body.
  const field = path.join(".").slice(0, 64);
  throw new MeshError("field_invalid", `${field}: ${detail}`, { field });
}

/**
 * Parses JSON and checks it against a schema.
 *
 * @throws MeshError as `readJson` and `parseValue` do
 */
export function parseBody<S extends z.ZodType>(schema: S, body: Uint8Array): z.output<S> {
  return parseValue(schema, readJson(body).value);
}

/**
 * Checks the query of a URL against a schema of strings.
 *
 * @throws MeshError `field_invalid`, also for a duplicate name
 */
export function parseQuery<S extends z.ZodType>(schema: S, url: string): z.output<S> {
  const query = new Map<string, string>();
  for (const [name, value] of new URL(url).searchParams) {
    if (query.has(name)) {
      const field = name.slice(0, 64);
      throw new MeshError("field_invalid", `${field}: given twice`, { field });
    }
    query.set(name, value);
  }
  return parseValue(schema, Object.fromEntries(query));
}
