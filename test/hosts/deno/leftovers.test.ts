/** What a database of an older version holds that nobody needs. */
import { afterEach, expect, test, vi } from "vitest";
import { liveObjectName, nodeObjectName, tagIdOf } from "../../../core/tag/name.ts";
import { SharedLiveStore } from "../../../hosts/deno/store/live-store.ts";
import { SharedTagStore } from "../../../hosts/deno/store/tag-store.ts";
import { TestListener } from "../../core/live/support/rig.ts";
import { openMesh } from "./support/mesh.ts";
import { fakeTime } from "./support/time.ts";

const app = "AAAAAAAAAAA";
/** More than one step looks at. */
const COUNT = 1_100;

afterEach(() => {
  vi.useRealTimers();
});

test("P8.11 empty tags and live nodes of an older version go, and what somebody is in stays", async () => {
  fakeTime();
  const { mesh, db, reported } = openMesh();
  const rowsIn = (table: string) =>
    db.get<{ n: number }>(`SELECT count(*) AS n FROM ${table}`)?.n ?? 0;
  const rootName = (n: number) => nodeObjectName({ app, tagId: tagIdOf(app, `t${n}`), path: "" });
  const liveName = (n: number) =>
    liveObjectName({ app, tagId: tagIdOf(app, `t${n}`), region: "local", n: 0 });
  for (let n = 0; n < COUNT; n++) {
    const store = new SharedTagStore(db, rootName(n));
    store.writeNode({ tag: `t${n}`, born: 0, children: {}, live: "token", liveNodes: [] });
    new SharedLiveStore(db, liveName(n)).write({ tag: `t${n}`, born: 0 });
    if (n > 0) continue;
    const member = { place: 0, joined: 0, since: 0, attached: false, epoch: 1 };
    store.putMember({ ...member, device: "AAAAAAAAAAAAAAAAAAAAAA" });
  }
  db.commit();
  // Somebody listens to one of them.
  const live = mesh.liveNodes.get(liveName(1));
  await live.prepare("t1", null);
  live.join(new TestListener(), null);
  for (let minute = 0; minute < 70; minute++) await vi.advanceTimersByTimeAsync(60_000);
  expect(db.all("SELECT name FROM tag_nodes ORDER BY id")).toEqual([
    { name: rootName(0) },
    { name: rootName(1) },
  ]);
  expect(db.all("SELECT name FROM live_nodes")).toEqual([{ name: liveName(1) }]);
  expect(rowsIn("node_alarms")).toBe(0);
  expect(reported).toEqual([]);
});
