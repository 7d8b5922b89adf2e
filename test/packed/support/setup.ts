/** Both packages as `npm publish` takes them: a tarball each, made once for a run. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { NODE } from "../../support/built.ts";
import { ROOT } from "../../support/host.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Paths of the tarballs. */
    readonly tarballs: { readonly client: string; readonly mesh: string };
  }
}

export default function setup(project: TestProject): () => void {
  // Outside the clone, whose packages nothing there may find.
  const folder = mkdtempSync(join(tmpdir(), "pushmesh-packed-"));
  execFileSync(NODE, [join(ROOT, "scripts/build/packages.ts"), "--pack", folder], { cwd: ROOT });
  const tarball = (name: RegExp): string => {
    const found = readdirSync(folder).find((file) => name.test(file));
    if (found === undefined) throw new Error(`no tarball ${name}`);
    return join(folder, found);
  };
  project.provide("tarballs", {
    client: tarball(/^pushmesh-\d.*\.tgz$/),
    mesh: tarball(/^pushmesh-mesh-.*\.tgz$/),
  });
  return () => rmSync(folder, { recursive: true, force: true });
}
