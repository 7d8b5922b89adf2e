/** Which host `npm start` starts: its script, which runs without the sources, must tell the owner of a folder as the host does. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openDataFolder } from "../../../hosts/machine/data-folder.ts";
import { HOST_NAMES } from "../../../hosts/machine/host.ts";
import { claimFolder, ownerOf } from "../../../hosts/machine/owner.ts";
import { DEFAULT_HOST, HOSTS, hostOf } from "../../../scripts/hosts.mjs";
import { temporaryFolder } from "../../mesh/support/process.ts";

const dataFolder = () => openDataFolder(temporaryFolder());

test.each(HOST_NAMES)(
  "the folder that %s has claimed gets it, in either form of the option",
  (host) => {
    const folder = dataFolder();
    claimFolder(folder, host);
    expect(hostOf(["--data-dir", folder.root])).toBe(HOSTS[host]);
    expect(hostOf([`--data-dir=${folder.root}`])).toBe(HOSTS[host]);
  },
);

test("a path may contain an equals sign", () => {
  const folder = openDataFolder(join(temporaryFolder(), "a=b"));
  claimFolder(folder, "workerd");
  expect(hostOf([`--data-dir=${folder.root}`])).toBe(HOSTS.workerd);
});

test.each([
  ["none", () => {}],
  ["an empty storage", (root: string) => mkdirSync(join(root, "storage"), { recursive: true })],
  ["a storage", (root: string) => mkdirSync(join(root, "storage", "Device"), { recursive: true })],
])("both tell the same owner of a folder without the file, with %s", (_, fill) => {
  const folder = dataFolder();
  fill(folder.root);
  expect(hostOf(["--data-dir", folder.root])).toBe(HOSTS[ownerOf(folder) ?? DEFAULT_HOST]);
});
