/** Fields of the lines of an export. */
import * as z from "zod";
import { fromBase64Url, toBase64Url } from "../text.ts";

export const countOfThings = z.int().min(0);
export const timeMs = z.int().min(0);
export const bytes = z.codec(
  z.string(),
  z.custom<Uint8Array>((value) => value instanceof Uint8Array),
  {
    decode: (text, context) => {
      const read = fromBase64Url(text);
      if (read !== undefined) return read;
      context.issues.push({ code: "custom", input: text, message: "not base64url" });
      return z.NEVER;
    },
    encode: toBase64Url,
  },
);
