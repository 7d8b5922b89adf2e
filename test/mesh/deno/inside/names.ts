/**
 * Names that apps choose, in Deno, whose SQLite ends a text at a NUL: `deno run names.ts FOLDER`. Prints as JSON what a
 * device that wakes finds, and what one reads later.
 */
import { join } from "node:path";
import process from "node:process";
import { Database } from "../../../../hosts/deno/store/database.ts";
import { SharedDeviceStore } from "../../../../hosts/deno/store/device-store.ts";

const name = 'a\u0000b"\\\u{1f4a9}';
const db = new Database(join(process.argv[2] ?? "", "mesh.db"));
const store = new SharedDeviceStore(db, "device");
store.writeAccount({ publicKey: "p", generation: 1, createdAt: 1 });
store.putTag({ ref: 1, slot: 1, tag: name, path: "", generation: 1, epoch: 1 });
const state = { shared: true, suspended: false, leaving: false };
store.putAlias({ slot: 1, alias: name, generation: 1, ...state });
const header = { seq: 1, slot: 1, lane: 2, key: "k", bytes: 1, expiresAt: 1 } as const;
store.insertMail(
  {
    ...header,
    collapseKey: name,
    firstAckAlias: name,
    fingerprint: null,
    options: null,
    hold: null,
  },
  { contentType: 2, data: Uint8Array.of(1) },
);
const read = (from: SharedDeviceStore) => [
  ...from.listTags().map(({ tag }) => tag),
  ...from.listAliases().map(({ alias }) => alias),
  ...from.listMail().flatMap(({ collapseKey, firstAckAlias }) => [collapseKey, firstAckAlias]),
];
console.log(
  JSON.stringify({ name, woke: read(new SharedDeviceStore(db, "device")), later: read(store) }),
);
db.close();
process.exit(0);
