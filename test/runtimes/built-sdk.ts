/** The SDKs as they are published. Fails where the device SDK is over its bound. */
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { built } from "../support/built.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Folder of the bundles; types/ is beside it. */
    readonly sdk: string;
  }
}

export default function setup(project: TestProject): () => void {
  const { folder, remove } = built("sdk");
  project.provide("sdk", join(folder, "sdk"));
  return remove;
}
