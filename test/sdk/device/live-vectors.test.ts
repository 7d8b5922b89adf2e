/** V4: schema/vectors/live.json, which was made without this code, is verified as it says. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { LiveMessageBody } from "../../../schema/http.ts";
import { livePlaceBytes, liveSignedBytes } from "../../../schema/live.ts";
import { fromBase64, parseMessageId } from "../../../schema/text.ts";
import { verifyLive } from "../../../sdk/device/live/mod.ts";

interface Vectors {
  readonly appId: string;
  readonly publicKey: string;
  readonly messages: readonly {
    readonly name: string;
    readonly frame: string;
    readonly signedHex?: string;
    readonly good: boolean;
  }[];
}

interface PlaceVectors {
  readonly publicKey: string;
  readonly messages: readonly (Vectors["messages"][number] & { readonly listened: string })[];
}

const path = new URL("../../../schema/vectors/live.json", import.meta.url);
const { appId, publicKey, messages, places }: Vectors & { readonly places: PlaceVectors } =
  JSON.parse(readFileSync(path, "utf8"));

test.each(messages)("V4 a message with $name verifies: $good", async ({ frame, good }) => {
  const message: LiveMessageBody = JSON.parse(frame);
  expect(await verifyLive(message, { appId, publicKey })).toBe(good);
});

test.each(messages.filter(({ good }) => good))("V4 what is signed of $name", (vector) => {
  const { data, dataBase64, id, tag }: LiveMessageBody = JSON.parse(vector.frame);
  const key = parseMessageId(id)?.key ?? new Uint8Array();
  const isText = typeof data === "string";
  // JSON is signed as it stands in the frame.
  const json = vector.frame.slice(vector.frame.indexOf(',"data":') + 8, -1);
  const signed = liveSignedBytes({
    appId,
    tag,
    key,
    contentType: dataBase64 !== undefined ? 3 : isText ? 2 : 1,
    data: fromBase64(dataBase64 ?? "~") ?? new TextEncoder().encode(isText ? data : json),
  });
  expect(Buffer.from(signed).toString("hex")).toBe(vector.signedHex);
});

test.each(places.messages)(
  "V9 at its place a message with $name verifies: $good",
  async ({ frame, listened: tag, good }) => {
    const message: LiveMessageBody = JSON.parse(frame);
    const signer = { appId, publicKey: places.publicKey, tag };
    expect(await verifyLive(message, signer)).toBe(good);
  },
);

test.each(places.messages.filter(({ good }) => good))(
  "V9 what is signed of $name at its place",
  ({ frame, listened, signedHex }) => {
    const { data, dataBase64, ...message }: LiveMessageBody = JSON.parse(frame);
    const isText = typeof data === "string";
    const json = frame.slice(frame.indexOf(',"data":') + 8, -1);
    const signed = livePlaceBytes({
      ...message,
      collapseKey: message.collapseKey ?? null,
      ...{ appId, listened },
      contentType: dataBase64 !== undefined ? 3 : isText ? 2 : 1,
      data: fromBase64(dataBase64 ?? "~") ?? new TextEncoder().encode(isText ? data : json),
    });
    expect(Buffer.from(signed).toString("hex")).toBe(signedHex);
  },
);

test.each([
  ["signature", "~"],
  ["placeSignature", "~"],
  ["dataBase64", "~"],
  ["id", "~"],
])("V4 a message whose %s is not in its alphabet verifies: false", async (field, value) => {
  const { frame = "" } = places.messages.find(({ good }) => good) ?? {};
  const message: LiveMessageBody = { ...JSON.parse(frame), [field]: value };
  const tag = field === "signature" ? undefined : { tag: message.tag };
  expect(await verifyLive(message, { appId, publicKey: places.publicKey, ...tag })).toBe(false);
});
