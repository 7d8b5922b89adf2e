/** The content of a decrypted message. */
import { ContentType } from "../../../schema/generated/link.ts";
import { type Content, contentOf } from "../client/message.ts";

const FORMS: readonly number[] = Object.values(ContentType);

/** @throws Error if the plaintext does not fit the form that its first byte says */
export function contentOfPlaintext(plaintext: Uint8Array): Content {
  const form = plaintext[0] ?? 0;
  if (FORMS.includes(form)) {
    return contentOf({ contentType: form as ContentType, data: plaintext.subarray(1) });
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
