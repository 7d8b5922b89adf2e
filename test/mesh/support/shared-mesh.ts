/** One mesh for all tests of a file that leave it running. */
import { afterAll, beforeAll } from "vitest";
import { HOST } from "../../support/host.ts";
import { type Mesh, startMesh } from "./mesh.ts";
import { type AtEnd, temporaryFolder } from "./process.ts";

/**
 * Starts something before the tests of a file, and ends it after them.
 *
 * @param begin is given what `start` and `temporaryFolder` take as `atEnd`
 * @returns what to call in a test.
 */
export function shared<Thing>(begin: (atEnd: AtEnd) => Promise<Thing>): () => Thing {
  const acts: Parameters<AtEnd>[0][] = [];
  let started: { readonly thing: Thing } | undefined;
  beforeAll(async () => {
    started = { thing: await begin((act) => acts.push(act)) };
  });
  afterAll(async () => {
    for (const act of acts.splice(0).reverse()) await act();
  });
  return () => {
    if (started === undefined) throw new Error("called before the tests began");
    return started.thing;
  };
}

export const sharedMesh = (): (() => Mesh) =>
  shared((atEnd) => startMesh(temporaryFolder(atEnd), 0, HOST, atEnd));
