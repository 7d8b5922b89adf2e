/** The `pushmesh` command as its package has it: it starts in a third of the time that the sources take. */
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { built } from "../../support/built.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Path of the command. */
    readonly cli: string;
  }
}

export default function setup(project: TestProject): () => void {
  const { folder, remove } = built("cli");
  project.provide("cli", join(folder, "cli/main.js"));
  return remove;
}
