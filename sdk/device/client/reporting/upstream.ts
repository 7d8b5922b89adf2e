/** Makes the command for a message to the app's server. */
import { toBase64Url } from "../../../../schema/text.ts";
import { optionInvalid } from "../../errors.ts";
import type { Command } from "../../port.ts";
import type { UpstreamData, UpstreamOptions } from "../options.ts";

const utf8 = new TextEncoder();
const KEY_BYTES = 16;

/** JSON, text and bytes, as `ContentType` of the IDL has them. */
const [JSON_TYPE, TEXT_TYPE, BINARY_TYPE] = [1, 2, 3] as const;

/** A key for a message whose sender gave none. */
export const randomKey = (): string =>
  toBase64Url(crypto.getRandomValues(new Uint8Array(KEY_BYTES)));

/** @throws PushError `option_invalid` */
export function upstreamOf(
  data: UpstreamData,
  { key }: UpstreamOptions,
): Extract<Command, { readonly kind: "upstream" }> {
  const named = utf8.encode(key ?? randomKey());
  if (data instanceof Uint8Array)
    return { kind: "upstream", key: named, contentType: BINARY_TYPE, data };
  if (typeof data === "string")
    return { kind: "upstream", key: named, contentType: TEXT_TYPE, data: utf8.encode(data) };
  const text: string | undefined = JSON.stringify(data);
  if (text === undefined) throw optionInvalid("data: must be an object, a text or bytes");
  return { kind: "upstream", key: named, contentType: JSON_TYPE, data: utf8.encode(text) };
}
