/** The content of a decrypted message. */
import { NOTIFICATION_FORM } from "../../../schema/encrypted.ts";
import { ContentType } from "../../../schema/generated/link.ts";
import {
  type Content,
  contentOf,
  type NotificationButton,
  type PushNotification,
} from "../client/message.ts";

const FORMS: readonly number[] = Object.values(ContentType);
/** Form and length of the notification. */
const HEAD_BYTES = 3;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** @throws Error if the plaintext does not fit the form that its first byte says */
export function contentOfPlaintext(plaintext: Uint8Array): Content {
  const form = plaintext[0] ?? 0;
  if (FORMS.includes(form)) {
    return contentOf({ contentType: form as ContentType, data: plaintext.subarray(1) });
  }
  if (form === NOTIFICATION_FORM) {
    const end = HEAD_BYTES + (((plaintext[1] ?? 0) << 8) | (plaintext[2] ?? 0));
    const notification = notificationOf(
      JSON.parse(utf8.decode(plaintext.subarray(HEAD_BYTES, end))),
    );
    const contentType = plaintext[end] ?? 0;
    if (!FORMS.includes(contentType)) throw new TypeError("the data has no form");
    const data = plaintext.subarray(end + 1);
    return contentOf({ contentType: contentType as ContentType, data, notification });
  }
  // Of a library for Web Push, which sends no form: whatever it can be, as `PushMessageData` of a browser lets its reader choose.
  for (const contentType of [ContentType.JSON, ContentType.TEXT]) {
    try {
      return contentOf({ contentType, data: plaintext });
    } catch {
      // The next one.
    }
  }
  return contentOf({ contentType: ContentType.BINARY, data: plaintext });
}

const TEXTS = ["title", "body", "icon", "image", "url"] as const;

const texts = (from: Record<string, unknown>, names: readonly string[]) =>
  Object.fromEntries(
    names.flatMap((name) => (typeof from[name] === "string" ? [[name, from[name]]] : [])),
  );

/** Fields of other types are left out: a notification without its picture is better than none. The mesh has not seen it. */
function notificationOf(value: unknown): PushNotification {
  const from = Object(value);
  const { badge, actions } = from;
  const buttons = (Array.isArray(actions) ? actions : [])
    .map((one) => texts(Object(one), ["action", "title", "icon", "url"]))
    .filter((one) => "action" in one && "title" in one) as unknown as NotificationButton[];
  return {
    ...texts(from, TEXTS),
    ...(Number.isInteger(badge) && badge >= 0 ? { badge } : {}),
    ...(buttons.length > 0 ? { actions: buttons } : {}),
  };
}
