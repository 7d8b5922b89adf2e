/** Request bodies: bounded while they are read, then JSON, then the shape. */
import type { z } from "zod";
import { MeshError } from "../schema/errors.ts";
import { LIMITS } from "../schema/limits.ts";

const tooLarge = (bound: number): MeshError =>
  new MeshError("body_too_large", `the body is over ${bound} bytes`);

/**
 * The body of a request, at most `LIMITS.BODY_BYTES`.
 *
 * @throws MeshError `body_too_large` as soon as that is known: from Content-Length before a byte is read.
 */
export async function readBody(request: Request): Promise<Uint8Array<ArrayBuffer>> {
  const bound = LIMITS.BODY_BYTES;
  const declared = request.headers.get("content-length");
  // The host holds a sender to the length it declared, so that only a chunked body needs counting.
  if (declared !== null) {
    if (!(Number(declared) <= bound)) throw tooLarge(bound);
    const body = new Uint8Array(await request.arrayBuffer());
    if (body.length > bound) throw tooLarge(bound);
    return body;
  }
  if (request.body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body as ReadableStream<Uint8Array>) {
    length += chunk.length;
    // Leaving the loop cancels the stream.
    if (length > bound) throw tooLarge(bound);
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

/** @throws MeshError `content_type_unsupported` */
export function requireJson(request: Request): void {
  const type = request.headers.get("content-type");
  if (type === null || !JSON_TYPE.test(type)) {
    throw new MeshError("content_type_unsupported", `content-type is ${type ?? "missing"}`);
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(body));
  } catch (error) {
    const fault = error instanceof SyntaxError ? error.message : "the bytes are not UTF-8";
    throw new MeshError("body_invalid", fault, { cause: error });
  }
}

/**
 * Reads JSON into the shape of a schema.
 *
 * @throws MeshError `body_invalid` for what is no JSON, `field_invalid` naming the first field at fault and its bound.
 */
export function parseBody<S extends z.ZodType>(schema: S, body: Uint8Array): z.output<S> {
  const parsed = schema.safeParse(parseJson(body));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  if (issue === undefined) throw new MeshError("field_invalid");
  const unknownField = issue.code === "unrecognized_keys" ? issue.keys[0] : undefined;
  const path = [...issue.path.map(String), ...(unknownField === undefined ? [] : [unknownField])];
  if (path.length === 0) throw new MeshError("field_invalid", issue.message);
  // A field name of the sender's may be as long as a body.
  const field = path.join(".").slice(0, 64);
  const detail = unknownField === undefined ? issue.message : "no such field";
  throw new MeshError("field_invalid", `${field}: ${detail}`, { field });
}
