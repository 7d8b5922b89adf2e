/** The object of one live node. */
import { DurableObject } from "cloudflare:workers";
import type { LivePublishAnswer } from "../core/tag/types.ts";
import type { LiveRpc } from "./interfaces/rpc.ts";

export class LiveObject extends DurableObject implements LiveRpc {
  async publish(): Promise<LivePublishAnswer> {
    throw new Error("not built yet");
  }

  async presence(): Promise<void> {
    throw new Error("not built yet");
  }
}
