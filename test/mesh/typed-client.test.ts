/** A client that knows nothing but docs/openapi.json: its types are generated from it, and it signs by a middleware. */
import createClient, { type Middleware } from "openapi-fetch";
import { expect, test } from "vitest";
import { signRequest } from "../../sdk/server/sign.ts";
import { signerOf } from "../../sdk/server/signer.ts";
import type { paths } from "./generated/openapi.d.ts";
import { device } from "./support/device.ts";
import { type DemoFile, demoOf, startMesh } from "./support/mesh.ts";
import { temporaryFolder } from "./support/process.ts";

/** Signs each request, as docs/api.md says. */
const signing = ({ keyId, secret }: DemoFile): Middleware => ({
  async onRequest({ request }) {
    const body = request.body === null ? null : new Uint8Array(await request.clone().arrayBuffer());
    const headers = new Headers(request.headers);
    const created = Math.floor(Date.now() / 1_000);
    const signer = await signerOf(secret);
    await signRequest(request.method, request.url, headers, body, { keyId, signer, created });
    return new Request(request, { headers });
  },
});

test("a client generated from docs/openapi.json sends a signed message, and asks what became of it", async () => {
  const data = temporaryFolder();
  const { url } = await startMesh(data);
  const demo = demoOf(data);
  const { client: phone, regId } = await device(url, demo.appId);
  const shown = new Promise((resolve) => phone.onMessage((message) => resolve(message.data)));

  const mesh = createClient<paths>({ baseUrl: url });
  mesh.use(signing(demo));
  // The digest is of bytes that only the middleware has.
  const header = { "Idempotency-Key": crypto.randomUUID(), "Content-Digest": "" };
  const { data: sent, response } = await mesh.POST("/v1/messages", {
    params: { header },
    body: { to: regId, data: { title: "Hello" } },
  });
  expect(response.status).toBe(200);
  if (sent === undefined || !("status" in sent)) throw new Error(`sent: ${JSON.stringify(sent)}`);
  expect(sent.status).toBe("delivered");
  expect(await shown).toEqual({ title: "Hello" });

  const { data: status } = await mesh.GET("/v1/messages/{id}", {
    params: { path: { id: sent.id } },
  });
  expect(status).toMatchObject({ id: sent.id, status: "delivered" });

  const { error } = await mesh.GET("/v1/aliases/{alias}", {
    params: { path: { alias: "no one" } },
  });
  expect(error?.code).toBe("alias_unknown");
});
