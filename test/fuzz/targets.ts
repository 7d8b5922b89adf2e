/** All that is fuzzed. */
import type { Target } from "./target.ts";
import { codec } from "./targets/codec.ts";
import { encrypted } from "./targets/encrypted.ts";
import { exports } from "./targets/exports.ts";
import { frames } from "./targets/frames.ts";
import { http } from "./targets/http.ts";
import { link } from "./targets/link.ts";
import { routes } from "./targets/routes.ts";
import { sealed } from "./targets/sealed.ts";
import { sender } from "./targets/sender.ts";
import { texts } from "./targets/texts.ts";
import { webhookUrls } from "./targets/webhook-urls.ts";

export const TARGETS: readonly Target[] = [
  codec,
  link,
  routes,
  texts,
  http,
  frames,
  encrypted,
  sealed,
  exports,
  sender,
  webhookUrls,
];
