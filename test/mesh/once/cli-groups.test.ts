/** Tags, aliases and broadcasts by the `pushmesh` command against a real mesh, of the host that `npm start` takes. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type App, Mesh } from "../../chaos/mesh.ts";
import { listen, pushmesh, run, runJson, type User } from "../support/command.ts";
import { temporaryFolder } from "../support/process.ts";

let mesh: Mesh;
let app: App;

beforeAll(async () => {
  mesh = await Mesh.start();
  app = await mesh.app("cli");
});

afterAll(() => mesh.stop());

/** An app's server, by environment alone: it may be a device as well. */
const server = (): User => ({
  data: temporaryFolder(),
  home: temporaryFolder(),
  env: {
    PUSHMESH_URL: mesh.url,
    PUSHMESH_APP: app.appId,
    PUSHMESH_KEY_ID: app.keyId,
    PUSHMESH_KEY: app.secret,
  },
});

const device = async (user: User, ...args: readonly string[]) => {
  const state = temporaryFolder();
  return { state, ...(await listen(user, "--state", state, ...args)) };
};
type Listener = Awaited<ReturnType<typeof listen>>;

/** The line of this data, once it is there. */
const shown = async ({ process }: Pick<Listener, "process">, data: string) =>
  JSON.parse(await process.stdout.match(new RegExp(`"data":"${data}"`)));
/** Data of all that came. */
const dataOf = ({ process }: Listener): unknown[] =>
  process.stdout.all.slice(1).map((line) => JSON.parse(line).data);

describe("tags and broadcasts", () => {
  test("B1 B15 a listener of a tag prints its broadcasts with it; --watch tells how they end", async () => {
    const user = server();
    const [one, two] = await Promise.all([
      device(user, "--tag", "news", "sport"),
      device(user, "--tag", "news"),
    ]);
    const lines = await runJson(user, "broadcast", "--tag", "news", "--data", "hello", "--watch");
    const [accepted] = lines;
    expect(accepted).toMatchObject({ status: "accepted", id: expect.any(String) });
    expect(lines.at(-1)).toMatchObject({ status: "sent", members: 2, acknowledged: 2 });
    for (const each of [one, two])
      expect(await shown(each, "hello")).toMatchObject({ id: accepted?.["id"], tag: "news" });
    const [status] = await runJson(user, "status", `${accepted?.["id"]}`);
    expect(status).toMatchObject({ status: "sent", members: 2, acknowledged: 2, remaining: 0 });
  });

  test("X4 B25 a recall is printed by listeners and in the status; a broadcast waits for its time, and is cancelled", async () => {
    const user = server();
    const one = await device(user, "--tag", "recalled");
    const send = async (...options: string[]) => {
      const data = ["--tag", "recalled", "--data", "hello"];
      const [accepted] = await runJson(user, "broadcast", ...data, ...options);
      return `${accepted?.["id"]}`;
    };
    const id = await send();
    await shown(one, "hello");
    const told = await run(user, "recall", id, "--wait", "20");
    expect(told.stdout).toMatch(
      /^recalled {2}1 had it {2}1 took it off the display or never had it$/m,
    );
    await one.process.stdout.match(new RegExp(`"recalled":"${id}"`));
    expect((await run(user, "status", id)).stdout).toMatch(/^sent .* recalled \d{4}-/);
    const at = new Date(Date.now() + 3_600_000).toISOString();
    const later = await send("--at", at);
    expect((await run(user, "status", later)).stdout).toContain(`to be sent ${at}`);
    expect((await run(user, "recall", later)).stdout).toContain("recalled  0 had it");
    const local = await run(user, "broadcast", "--everyone", "--at", "2030-01-01T00:00");
    expect([local.code, local.stderr]).toEqual([2, expect.stringContaining("with its zone")]);
  });

  test("B1 a listener that was away gets what it missed, once, in order, and stays in its tags", async () => {
    const user = server();
    const { process: first, state } = await device(user, "--tag", "away");
    first.kill("SIGINT");
    expect(await first.exited).toBe(0);
    for (const data of ["one", "two"])
      await runJson(user, "broadcast", "--tag", "away", "--data", data, "--watch");
    const back = await listen(user, "--state", state);
    await shown(back, "two");
    await runJson(user, "broadcast", "--tag", "away", "--data", "three");
    await shown(back, "three");
    expect(dataOf(back)).toEqual(["one", "two", "three"]);
  });

  test("T11 the server adds, shows and removes; each refusal is a line and an exit code", async () => {
    const user = server();
    const one = await device(user);
    const added = await run(user, "tag", "add", "by server", "--to", one.regId, "nonsense");
    expect(added.code).toBe(3);
    expect(added.stdout.split("\n")).toEqual([
      `ok  ${one.regId}`,
      expect.stringMatching(/^refused {2}nonsense {2}reg_id_invalid: /),
    ]);
    expect(added.stderr).toMatch(/^pushmesh: 1 of 2 were refused \(reg_id_invalid\)$/m);
    const [tag] = await runJson(user, "tag", "show", "by server");
    expect(tag).toMatchObject({ tag: "by server", members: 1, live: "token" });
    const text = (await run(user, "tag", "show", "by server")).stdout;
    expect(text).toMatch(
      /^tag {8}by server\nmembers {4}1\nnodes {6}1, depth 1\nbroadcast {2}never/,
    );
    await runJson(user, "broadcast", "--tag", "by server", "--data", "one");
    await shown(one, "one");
    await runJson(user, "tag", "remove", "by server", "--to", one.regId);
    await runJson(user, "broadcast", "--tag", "by server", "--data", "two");
    await runJson(user, "broadcast", "--everyone", "--data", "three");
    expect(await shown(one, "three")).toMatchObject({ tag: "" });
    expect(dataOf(one)).not.toContain("two");
  });

  test("B22 B23 a condition and a filter choose; what they ask is for people to read", async () => {
    const user = server();
    const [web, paying] = await Promise.all([
      device(user, "--tag", "choose", "--attributes", '{"platform":"web"}'),
      device(user, "--tag", "choose", "paying"),
    ]);
    const condition = '{"all":[{"tag":"choose"},{"not":{"tag":"paying"}}]}';
    const sale = await run(
      user,
      ...["broadcast", "--condition", condition, "--data", "sale", "--watch"],
    );
    expect(sale.code).toBe(0);
    expect(sale.stdout.split("\n").at(-1)).toMatch(
      /^sent {2}members 2 {2}called 2 {2}delivered 1 {2}acknowledged 1 {2}filtered 1/,
    );
    const filter = ["--filter", '{"platform":["web"]}', "--pace", "1000", "--ttl", "60"];
    await run(user, "broadcast", "--tag", "choose", "--data", "for the web", ...filter);
    await run(user, "broadcast", "--tag", "choose", "--data", "for all");
    for (const each of [web, paying]) await shown(each, "for all");
    expect(dataOf(web)).toEqual(["sale", "for the web", "for all"]);
    expect(dataOf(paying)).toEqual(["for all"]);
  });

  test("B4 two calls of one idempotency key are one broadcast", async () => {
    const user = server();
    const one = await device(user, "--tag", "twice");
    const call = ["broadcast", "--tag", "twice", "--data", "x", "--idempotency-key", "k"];
    const [first] = await runJson(user, ...call);
    const [second] = await runJson(user, ...call);
    expect(second?.["id"]).toBe(first?.["id"]);
    await runJson(user, "broadcast", "--tag", "twice", "--data", "last");
    await shown(one, "last");
    expect(dataOf(one)).toEqual(["x", "last"]);
  });

  test("3 for a tag that nobody ever joined, and for what the mesh finds wrong, by its field", async () => {
    const user = server();
    const [nobody, wrong] = await Promise.all([
      run(user, "broadcast", "--tag", "nobody's", "--data", "x", "--json"),
      run(user, "broadcast", "--condition", '{"tag":1}', "--data", "x", "--json"),
    ]);
    expect(nobody.code).toBe(3);
    expect(JSON.parse(nobody.stderr).error).toMatchObject({ code: "tag_unknown" });
    expect(wrong.code).toBe(3);
    expect(JSON.parse(wrong.stderr).error).toMatchObject({ code: "field_invalid" });
  });

  test("T14 the directory lists tags, and no name of a device's making moves the terminal", async () => {
    const user = server();
    const evil = "dir/\u001b[2J\u009b1m\u202e";
    await device(user, "--tag", "dir/plain", evil);
    const listed = () => run(user, "directory", "--prefix", "dir/", "--min-members", "1");
    await expect
      .poll(async () => (await listed()).stdout.split("\n"), { timeout: 40_000 })
      .toEqual([
        '"dir/\\u001b[2J\\u009b1m\\u202e"  members 1  listening 0  broadcast never',
        "dir/plain  members 1  listening 0  broadcast never",
      ]);
    const [first, ...more] = await runJson(user, "directory", "--prefix", "dir/", "--limit", "1");
    expect([first?.["tag"], more]).toEqual([evil, []]);
  });
});

describe("aliases", () => {
  test("A1 the last to set one has it; the one before is told", async () => {
    const user = server();
    const first = await device(user, "--alias", "mine");
    expect(await runJson(user, "alias", "show", "mine")).toEqual([
      { alias: "mine", shared: false, regIds: [first.regId] },
    ]);
    const second = await device(user, "--alias", "mine");
    expect(await first.process.stdout.match(/aliasLost/)).toBe('{"aliasLost":"mine"}');
    const [answer] = await runJson(user, "send", "--alias", "mine", "--data", "x");
    expect(answer?.["results"]).toMatchObject([{ regId: second.regId, status: "delivered" }]);
    await runJson(user, "alias", "unset", "mine", "--to", second.regId);
    const gone = await run(user, "alias", "show", "mine", "--json");
    expect(gone.code).toBe(3);
    expect(JSON.parse(gone.stderr).error).toMatchObject({ code: "alias_unknown" });
  });

  test("A2 a shared one reaches all who have it", async () => {
    const user = server();
    const [one, two] = await Promise.all([
      device(user, "--alias", "ours", "--shared"),
      device(user),
    ]);
    await runJson(user, "alias", "set", "ours", "--to", two.regId, "--shared");
    const [all] = await runJson(user, "send", "--alias", "ours", "--data", "all");
    expect(all?.["results"]).toMatchObject([{ status: "delivered" }, { status: "delivered" }]);
    for (const each of [one, two]) await shown(each, "all");
  });

  test("A3 with --first-ack-wins a shared one reaches the first, and not who was away", async () => {
    const user = server();
    const [one, two] = await Promise.all(
      [1, 2].map(() => device(user, "--alias", "either", "--shared")),
    );
    if (one === undefined || two === undefined) throw new Error("a device is missing");
    two.process.kill("SIGINT");
    expect(await two.process.exited).toBe(0);
    const won = await run(
      user,
      ...["send", "--alias", "either", "--first-ack-wins", "--data", "first", "--wait", "20"],
    );
    expect(won.code).toBe(0);
    expect(won.stdout).toMatch(/^delivered {2}\S+ {2}\d+ ms$/m);
    await shown(one, "first");
    expect(won.stdout.split("\n")).toHaveLength(2);
    // The one that was away comes back, and is not shown what the other had.
    const state = two.state;
    await runJson(user, "send", "--to", two.regId, "--data", "after", "--wait", "0");
    const back = await listen(user, "--state", state);
    await shown(back, "after");
    expect(dataOf(back)).toEqual(["after"]);
  });
});

describe("listen --live", () => {
  test("V1 V3 V6 hears an open tag without key or account, and one with a token", async () => {
    const user = server();
    await runJson(user, "tag", "live", "show", "open");
    const stranger: User = { data: temporaryFolder(), home: temporaryFolder() };
    const where = ["--url", mesh.url, "--app", app.appId];
    const live = pushmesh(stranger, "listen", "--live", "--tag", "show", ...where, "--json");
    expect(JSON.parse(await live.stdout.match(/presence/))).toEqual({
      on: "show",
      type: "presence",
      listeners: 1,
    });
    await runJson(user, "broadcast", "--tag", "show", "--data", "goal");
    expect(await shown({ process: live }, "goal")).toMatchObject({ on: "show", tag: "show" });
    live.kill("SIGINT");
    expect(await live.exited).toBe(0);

    const refused = await run(stranger, "listen", "--live", "--tag", "secret", ...where);
    expect(refused).toMatchObject({ code: 3, stdout: "" });
    expect(refused.stderr).toMatch(/^pushmesh: .*\(listen_token_invalid\)\n/m);
    const insider = pushmesh(user, "listen", "--live", "--tag", "secret");
    expect(await insider.stdout.match(/listening/)).toBe("secret: 1 listening");
  });
});

test("S15 S17 the server lists, removes and bans registrations; each says what it did", async () => {
  const user = server();
  const one = await device(user);
  const listed = async () =>
    (await runJson(user, "registration", "list")).map(({ regId }) => regId);
  // A registration joins the list after its answer, and leaves it so.
  await expect.poll(listed).toContain(one.regId);
  const some = await run(user, "registration", "list", "--limit", "0");
  expect(some).toMatchObject({ code: 2, stderr: expect.stringContaining("1 or more") });
  const remove = () => run(user, "registration", "remove", one.regId);
  expect(await remove()).toMatchObject({ code: 0, stdout: `removed  ${one.regId}` });
  expect(await one.process.exited).toBe(3);
  await one.process.stderr.match(
    /"code":"removed","message":"The app's server removed the registration/,
  );
  expect(await remove()).toMatchObject({ code: 0, stdout: `had ended before  ${one.regId}` });
  await expect.poll(listed).not.toContain(one.regId);
  const [banned] = await runJson(user, "registration", "ban", one.regId, "--for", "30m");
  const until = Number(banned?.["bannedUntil"]) - Date.now();
  expect(until).toBeGreaterThan(29 * 60_000);
  expect(until).toBeLessThanOrEqual(30 * 60_000);
  const back = await run(user, "listen", "--state", one.state);
  const minute = new Date(Number(banned?.["bannedUntil"])).toISOString().slice(0, 16);
  expect(back).toMatchObject({ code: 3, stdout: "" });
  expect(back.stderr).toMatch(new RegExp(`^pushmesh: .* Until ${minute}.*\\(banned\\)`, "m"));
  const unban = () => runJson(user, "registration", "unban", one.regId);
  expect(await unban()).toEqual([{ regId: one.regId, lifted: true }]);
  expect(await unban()).toEqual([{ regId: one.regId, lifted: false }]);
  const refused = await run(user, "registration", "remove", "nonsense");
  expect(refused).toMatchObject({ code: 3, stderr: expect.stringContaining("(reg_id_invalid)") });
});

test("S19 a listener of an app that is deleted says so, and ends", async () => {
  const gone = await mesh.app("cli-deleted");
  const user = server();
  const one = await device(user, "--app", gone.appId);
  await mesh.admin().deleteApp(gone.appId);
  expect(await one.process.exited).toBe(3);
  await one.process.stderr.match(/"code":"removed","message":".*the app was deleted\."/);
});
