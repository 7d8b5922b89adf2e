import type { Notification } from "./generated/link.ts";

const utf8 = new TextEncoder();

/**
 * A hash of a message's content that distinguishes two messages with one key: 32-bit FNV-1a, as a signed number. The sender chooses
 * key and content, so a collision only harms the sender.
 *
 * @param notification its texts follow the data, each after a byte 0
 */
export function dataHash(data: Uint8Array, notification?: Notification): number {
  const hash = hashOn(0x811c9dc5, data);
  if (notification === undefined) return hash;
  return hashOn(
    hash,
    utf8.encode(
      textsOf(notification)
        .map((text) => `\0${text ?? ""}`)
        .join(""),
    ),
  );
}

function hashOn(from: number, bytes: Uint8Array): number {
  let hash = from;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash | 0;
}

const textsOf = ({ title, body, icon, image, url, badge, actions = [] }: Notification) => [
  ...[title, body, icon, image, url, badge],
  ...actions.flatMap((one) => [one.action, one.title, one.icon, one.url]),
];
