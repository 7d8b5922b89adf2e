/** What a database of an older version holds that nobody needs. */
import { afterEach, expect, test, vi } from "vitest";
import { liveObjectName, nodeObjectName, tagIdOf } from "../../../../core/tag/name.ts";
import { SharedLiveStore } from "../../../../hosts/deno/store/live-store.ts";
import { SharedTagStore } from "../../../../hosts/deno/store/tag-store.ts";
import { TestListener } from "../../../core/live/support/rig.ts";
import { openMesh, passTime } from "../support/mesh.ts";
import { fakeTime } from "../support/time.ts";

const app = "AAAAAAAAAAA";
/** More than one step looks at. */
const COUNT = 1_100;

afterEach(() => {
  vi.useRealTimers();
});

const rootName = (n: number) => nodeObjectName({ app, tagId: tagIdOf(app, `t${n}`), path: "" });
const liveName = (n: number) =>
  liveObjectName({ app, tagId: tagIdOf(app, `t${n}`), region: "local", n: 0 });

/** By then an older version's tags were all looked at. */
const LOOKED_MS = 70 * 60_000;

test("P8.11 empty tags of an older version go, and what somebody is in stays", async () => {
  fakeTime();
  const { mesh, db, reported } = openMesh();
  // Few, as each goes with a commit of its own.
  const isEmpty = (n: number) => n % 10 === 9;
  for (let n = 0; n < COUNT; n++) {
    const store = new SharedTagStore(db, rootName(n));
    store.writeNode({ tag: `t${n}`, born: 0, children: {}, live: "token", liveNodes: [] });
    if (isEmpty(n)) continue;
    const member = { place: 0, joined: 0, since: 0, attached: false, epoch: 1 };
    store.putMember({ ...member, device: "AAAAAAAAAAAAAAAAAAAAAA" });
  }
  db.commit();
  await passTime(mesh, LOOKED_MS);
  const left = Array.from({ length: COUNT }, (_, n) => n).filter((n) => !isEmpty(n));
  expect(db.all("SELECT name FROM tag_nodes ORDER BY id")).toEqual(
    left.map((n) => ({ name: rootName(n) })),
  );
  expect(db.get("SELECT count(*) AS n FROM node_alarms")).toEqual({ n: 0 });
  expect(reported).toEqual([]);
});

test("P8.11 live nodes of an older version go, and what somebody listens to stays", async () => {
  fakeTime();
  const { mesh, db, reported } = openMesh();
  for (let n = 0; n < COUNT; n++)
    new SharedLiveStore(db, liveName(n)).write({ tag: `t${n}`, born: 0 });
  new SharedTagStore(db, rootName(1)).writeNode({
    tag: "t1",
    born: 0,
    children: {},
    live: "token",
    liveNodes: [],
  });
  db.commit();
  const live = mesh.liveNodes.get(liveName(1));
  await live.prepare("t1", null);
  live.join(new TestListener(), null);
  await passTime(mesh, LOOKED_MS);
  expect(db.all("SELECT name FROM tag_nodes")).toEqual([{ name: rootName(1) }]);
  expect(db.all("SELECT name FROM live_nodes")).toEqual([{ name: liveName(1) }]);
  expect(reported).toEqual([]);
});
