/** Wrong input for every route that reads any, made from the table of routes: a route that is added is tested, too. */
import { describe, expect, it } from "vitest";
import { type NamedRoute, routesByPath } from "../../../schema/http.ts";
import { createApp, type Signing, signed, type TestApp } from "../support/app.ts";
import { env, fetchCounting, ORIGIN, UNTOUCHED } from "../support/mesh.ts";
import { holder, regIdOf } from "../support/scripted.ts";
import { type BadValue, badValues } from "./bad-values.ts";
import { completed, fieldsOf, nodeOf, sampleOf } from "./json-schema.ts";

const READING = routesByPath()
  .flatMap(({ routes }) => routes)
  .filter(({ upgrade }) => upgrade === undefined);
const WITH_BODY = READING.filter(({ body }) => body !== undefined);
const WITH_QUERY = READING.filter(({ query }) => query !== undefined);

/** An app, known to the edge, so that a request is refused without a call of any object. */
async function knownApp(): Promise<TestApp> {
  const app = await createApp();
  await fetchCounting(await signed(app, { method: "GET", path: "/v1/messages/none" }));
  return app;
}

/** The path is right: it is read before what comes after it. */
function filled({ path }: NamedRoute, app: TestApp, query = ""): string {
  const { appId, keyId } = app;
  const regId = regIdOf(app, holder(1));
  const names: Readonly<Record<string, string>> = { appId, keyId, regId };
  return path.replaceAll(/:(\w+)/g, (_, name: string) => names[name] ?? "a") + query;
}

interface Asking extends Omit<Signing, "path"> {
  readonly query?: string;
}

async function ask(route: NamedRoute, app: TestApp, { query, ...more }: Asking) {
  const { method, auth } = route;
  const path = filled(route, app, query);
  if (auth === "signature") return fetchCounting(await signed(app, { ...more, method, path }));
  const { body, headers } = more;
  const all = { authorization: `Bearer ${env.ADMIN_TOKEN}`, "content-type": "application/json" };
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const init = { method, headers: { ...all, ...headers } };
  const given = body === undefined ? init : { ...init, body: text ?? "" };
  return fetchCounting(new Request(ORIGIN + path, given));
}

interface Refusal {
  readonly code?: string;
  readonly detail?: string;
  readonly field?: string;
  readonly results?: readonly {
    readonly error?: string;
    readonly detail?: string;
    readonly field?: string;
  }[];
}

type Asked = Awaited<ReturnType<typeof ask>>;

const refusalOf = async ({ response }: Asked): Promise<Refusal> => {
  const text = await response.text();
  return text === "" ? {} : (JSON.parse(text) as Refusal);
};

/** The field of a refusal, one in it, or one around it from where several forms are possible. */
function isNamed(field = "", { path, named }: BadValue): boolean {
  if (field.startsWith(`${path.join(".")}.`)) return true;
  const least = Math.min(named, path.length);
  for (let length = path.length; length >= least; length--) {
    if (field === path.slice(0, length).join(".").slice(0, 64)) return true;
  }
  return false;
}

/** What is wrong with the answer; null if nothing is. */
async function faultOf(asked: Asked, bad: BadValue): Promise<string | null> {
  const refusal = await refusalOf(asked);
  const told = JSON.stringify(refusal).slice(0, 300);
  // A message of a batch has a refusal of its own, which names its field from there.
  const [element] = refusal.results ?? [];
  const isOfElement = element?.error !== undefined;
  const { code, detail = "" } = isOfElement ? { ...element, code: element.error } : refusal;
  const field = isOfElement ? `messages.0.${element.field}` : refusal.field;
  const isOfField = code === "field_invalid" && isNamed(field, bad);
  const isBound = new RegExp(`(?<!\\d)${bad.bound}(?!\\d)`).test(detail.replaceAll(",", ""));
  // A handler may refuse it for another reason.
  if (!bad.isBad) return isOfField && isBound ? `${bad.title}: refused: ${told}` : null;
  if (code !== "field_invalid") return `${bad.title}: not refused: ${told}`;
  if (!isOfField) return `${bad.title}: names another field: ${told}`;
  if (bad.bound !== null && !isBound) return `${bad.title}: does not name ${bad.bound}: ${told}`;
  const { touched } = asked;
  if (!isOfElement && JSON.stringify(touched) !== JSON.stringify(UNTOUCHED))
    return `${bad.title}: called ${JSON.stringify(touched)}`;
  return null;
}

describe.each(WITH_BODY)("P8.15 $method $path ($id)", (route) => {
  const schema = route.body?.schema;
  if (schema === undefined) throw new Error("no body");
  const right = completed(schema, sampleOf(nodeOf(schema)));

  it("P8.15 refuses what is wrong in any field, by its name and bound, and takes what is at a bound", async () => {
    const app = await knownApp();
    const faults: string[] = [];
    for (const bad of badValues(schema)) {
      const fault = await faultOf(await ask(route, app, { body: bad.value }), bad);
      if (fault !== null) faults.push(fault);
    }
    expect(faults).toEqual([]);
  });

  it("P8.15 refuses a body that is none", async () => {
    const app = await knownApp();
    const text = JSON.stringify(right);
    const codeOf = async (body: unknown, headers: Record<string, string> = {}) => {
      const asked = await ask(route, app, { body, headers });
      return [(await refusalOf(asked)).code, asked.touched];
    };
    expect(right).not.toBeNull();
    for (const body of ["", "{", `${text}x`, text.slice(0, -1), "nope", "\u0000"])
      expect([body, await codeOf(body)]).toEqual([body, ["body_invalid", UNTOUCHED]]);
    for (const body of ["null", "[]", '"x"', "5", "true"])
      expect([body, await codeOf(body)]).toEqual([body, ["field_invalid", UNTOUCHED]]);
    for (const type of [
      "application/x-www-form-urlencoded",
      "application/jsonp",
      "text/json",
      "multipart/form-data",
    ])
      expect([type, await codeOf(text, { "content-type": type })]).toEqual([
        type,
        ["content_type_unsupported", UNTOUCHED],
      ]);
    for (const charset of ["iso-8859-1", "utf-16", '"windows-1252"', "utf8x"])
      expect([
        charset,
        await codeOf(text, { "content-type": `application/json; charset=${charset}` }),
      ]).toEqual([charset, ["content_type_unsupported", UNTOUCHED]]);
  });

  it("P8.15 refuses a field that is given twice, by its name", async () => {
    const app = await knownApp();
    for (const { path, base } of fieldsOf(schema)) {
      const [name] = path;
      if (path.length > 1) continue;
      const body = `{${JSON.stringify(name)}:1,${JSON.stringify(base).slice(1)}`;
      const asked = await ask(route, app, { body });
      expect(await refusalOf(asked)).toMatchObject({ code: "field_invalid", field: name });
      expect(asked.touched).toEqual(UNTOUCHED);
    }
  });

  it("P8.15 refuses a body over the bound, with a length and without, and names the bound", async () => {
    const app = await knownApp();
    const maxBytes = route.body?.maxBytes ?? 0;
    const text = JSON.stringify(right);
    for (const given of [
      { body: text.padEnd(maxBytes + 1) },
      { body: text, headers: { "content-length": String(maxBytes + 1) } },
    ]) {
      const asked = await ask(route, app, given);
      const { code, detail } = await refusalOf(asked);
      expect([code, asked.touched]).toEqual(["body_too_large", UNTOUCHED]);
      expect(detail).toContain(String(maxBytes));
    }
  });
});

describe.each(WITH_QUERY)("P8.15 $method $path ($id)", (route) => {
  const schema = route.query;
  if (schema === undefined) throw new Error("no query");
  const queryOf = (value: unknown): string =>
    `?${new URLSearchParams(Object.entries(value as object).map(([name, one]): [string, string] => [name, String(one)]))}`;

  it("P8.15 refuses what is wrong in any field of the query, by its name and bound", async () => {
    const app = await knownApp();
    const faults: string[] = [];
    for (const bad of badValues(schema, true)) {
      const fault = await faultOf(await ask(route, app, { query: queryOf(bad.value) }), bad);
      if (fault !== null) faults.push(fault);
    }
    expect(faults).toEqual([]);
  });

  it("P8.15 refuses a parameter that is given twice, by its name", async () => {
    const app = await knownApp();
    for (const { path, base } of fieldsOf(schema)) {
      const [name] = path;
      const asked = await ask(route, app, { query: `${queryOf(base)}&${name}=a` });
      expect(await refusalOf(asked)).toMatchObject({ code: "field_invalid", field: name });
      expect(asked.touched).toEqual(UNTOUCHED);
    }
  });
});
