/** What an app server of the tests asks of the mesh, and what it got. */
import type { Env } from "../../../worker/env.ts";
import { type Signing, signed, type TestApp } from "./app.ts";
import { fetchCounting, problemOf, type Touched } from "./mesh.ts";

export interface Answer<Body> {
  readonly response: Response;
  readonly touched: Touched;
  readonly body: Body;
}

/** A signed request that is answered well. @throws the problem's body where it is not */
export async function ask<Body>(
  app: Pick<TestApp, "keyId" | "signer">,
  signing: Signing,
  settings: Partial<Env> = {},
): Promise<Answer<Body>> {
  const { response, touched } = await fetchCounting(await signed(app, signing), settings);
  if (!response.ok) throw await problemOf(response);
  const text = await response.text();
  return { response, touched, body: (text === "" ? null : JSON.parse(text)) as Body };
}

/** A signed request that is refused. */
export async function refusalOf(
  app: Pick<TestApp, "keyId" | "signer">,
  signing: Signing,
  settings: Partial<Env> = {},
): Promise<{ code: string; status: number; field: string | undefined; touched: Touched }> {
  const { response, touched } = await fetchCounting(await signed(app, signing), settings);
  const { code, field } = await problemOf(response);
  return { code, status: response.status, field, touched };
}

export const get = (path: string): Signing => ({ method: "GET", path });
export const post = (path: string, body: unknown): Signing => ({ path, body });
export const put = (path: string, body: unknown): Signing => ({ method: "PUT", path, body });
