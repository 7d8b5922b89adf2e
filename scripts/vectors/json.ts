/** Values of the codec in JSON and back: bytes are `{"hex": "…"}`, all else is itself. */

/** Replacer for `JSON.stringify`. */
export function toVectorJson(_key: string, value: unknown): unknown {
  return value instanceof Uint8Array ? { hex: Buffer.from(value).toString("hex") } : value;
}

/** Reviver for `JSON.parse`. The link has no struct with one field named hex. */
export function fromVectorJson(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const [[key, hex] = ["", undefined], ...others] = Object.entries(value);
  if (key !== "hex" || typeof hex !== "string" || others.length > 0) return value;
  return new Uint8Array(Buffer.from(hex, "hex"));
}
