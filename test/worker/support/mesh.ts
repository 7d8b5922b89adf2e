/** The mesh under test: the deployed app on real objects, with every touch of an object counted. */
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env as bindings } from "cloudflare:workers";
import { app } from "../../../worker/app.ts";
import type { Env, ObjectNamespace } from "../../../worker/env.ts";
import { type WorkersEnv, workersEnv } from "../../../worker/workers/env.ts";
import { workersLinks } from "../../../worker/workers/links.ts";
import { checkAnswer } from "../../support/checked-answers.ts";

export const ORIGIN = "https://push.example.com";
const given = bindings as unknown as WorkersEnv;
export const env = workersEnv(given);

/** How often a stub of each kind of object was taken. */
export interface Touched {
  devices: number;
  apps: number;
  directory: number;
  tags?: number;
  aliases?: number;
  tagDirectories?: number;
}

function counted<Rpc>(namespace: ObjectNamespace<Rpc>, count: () => void): ObjectNamespace<Rpc> {
  return {
    getByName(name) {
      count();
      return namespace.getByName(name);
    },
  };
}

/** One request to the edge, and the objects it touched. */
export async function fetchCounting(
  request: Request,
  settings: Partial<Env> = {},
): Promise<{ response: Response; touched: Touched }> {
  const touched: Touched = { devices: 0, apps: 0, directory: 0 };
  // Named only where they are: most tests are about sends, which touch none of them.
  const count = (kind: "tags" | "aliases" | "tagDirectories") => {
    touched[kind] = (touched[kind] ?? 0) + 1;
  };
  const devices = counted(given.DEVICES, () => touched.devices++);
  const counting: Env = {
    ...env,
    DEVICES: devices,
    LINK_HOST: workersLinks(devices),
    APPS: counted(env.APPS, () => touched.apps++),
    APP_DIRECTORY: counted(env.APP_DIRECTORY, () => touched.directory++),
    TAGS: counted(env.TAGS, () => count("tags")),
    ALIASES: counted(env.ALIASES, () => count("aliases")),
    TAG_DIRECTORIES: counted(env.TAG_DIRECTORIES, () => count("tagDirectories")),
    ...settings,
  };
  const context = createExecutionContext();
  const response = await app.fetch(request, counting, context);
  await waitOnExecutionContext(context);
  checkAnswer(request, response);
  return { response, touched };
}

export const UNTOUCHED: Touched = { devices: 0, apps: 0, directory: 0 };

/** A request to the edge. */
export async function call(path: string, init: RequestInit = {}): Promise<Response> {
  return (await fetchCounting(new Request(ORIGIN + path, init))).response;
}

/** The code of a refusal, after a check that the answer is a whole problem body. */
export async function problemOf(
  response: Response,
): Promise<{ code: string; detail: string; field?: string }> {
  if (response.headers.get("content-type") !== "application/problem+json") {
    throw new Error(`no problem body: ${response.status} ${await response.text()}`);
  }
  const body = await response.json<{
    code: string;
    detail: string;
    status: number;
    field?: string;
  }>();
  if (body.status !== response.status) throw new Error("the body has another status");
  return body;
}
