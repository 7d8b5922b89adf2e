/** The notification of a message: what a device shows its user. */
import * as z from "zod";
import { LIMITS } from "../../limits.ts";
import { nameText } from "../fields.ts";

/** A URL parser drops spaces and control characters, and reads `\` as `/`: what stands here is not what it would open. */
const MISREAD = /[\s\p{Cc}\\]/u;
const ABSOLUTE = /^https:\/\/[^/?#@]+(?:[/?#]|$)/i;
const HAS_SCHEME = /^(?:[a-z][a-z\d+.-]*:|\/\/)/i;

/** `javascript:` and the like would run on a click. */
const isSafeUrl = (text: string): boolean =>
  !MISREAD.test(text) && (ABSOLUTE.test(text) || !HAS_SCHEME.test(text));

const url = nameText(LIMITS.NOTIFICATION_URL_BYTES).refine(
  isSafeUrl,
  "must be an https URL, or relative to the app",
);

const action = z.strictObject({
  /** Names it in the report of a click. */
  action: nameText(LIMITS.NOTIFICATION_ACTION_BYTES),
  title: nameText(LIMITS.NOTIFICATION_ACTION_TITLE_BYTES),
  icon: url.optional(),
  /** What a click on it opens. Default: what a click on the notification opens. */
  url: url.optional(),
});

const SHOWN = ["body", "icon", "image", "url", "actions"] as const;

export const notificationBody = z
  .strictObject({
    /** Without it, only the badge is set. */
    title: nameText(LIMITS.NOTIFICATION_TITLE_BYTES).optional(),
    body: nameText(LIMITS.NOTIFICATION_BODY_BYTES).optional(),
    icon: url.optional(),
    /** A large picture. */
    image: url.optional(),
    /** What a click opens. */
    url: url.optional(),
    /** The number on the app's icon; 0 removes it. */
    badge: z.int().min(0).max(LIMITS.NOTIFICATION_BADGE_MAX).optional(),
    actions: z.array(action).min(1).max(LIMITS.NOTIFICATION_ACTIONS).optional(),
  })
  .refine(({ title, badge }) => title !== undefined || badge !== undefined, {
    message: "give a title, or a badge alone",
    path: ["title"],
  })
  .refine((shown) => shown.title !== undefined || SHOWN.every((name) => !(name in shown)), {
    message: "give a title: without one, nothing is shown",
    path: ["title"],
  })
  .refine(({ actions = [] }) => new Set(actions.map((one) => one.action)).size === actions.length, {
    message: "must have different names",
    path: ["actions"],
  });
