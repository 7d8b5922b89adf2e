/** `pushmesh sign` */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { Command, Option } from "commander";
import { signRequest } from "../../sdk/server/sign.ts";
import { signerOf } from "../../sdk/server/signer.ts";
import { contextOf, type KeyOptions, sendingKeyOf } from "../context.ts";
import { usageFailure } from "../failure.ts";
import { asServer, withExamples } from "../options.ts";

/** What a request line takes. */
const VISIBLE = /^[\x21-\x7e]+$/;
const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;

interface SignOptions extends KeyOptions {
  readonly method?: (typeof METHODS)[number];
  readonly body?: string;
  readonly bodyFile?: string;
  readonly idempotencyKey?: string;
}

/** The bytes that are signed, which must be those that are sent. Null for a method without a body. */
function bodyOf(method: string, { body, bodyFile }: SignOptions): Uint8Array<ArrayBuffer> | null {
  if (body !== undefined && bodyFile !== undefined)
    throw usageFailure("give --body or --body-file, not both");
  const isGiven = body !== undefined || bodyFile !== undefined;
  if (method === "GET" || method === "DELETE") {
    if (isGiven) throw usageFailure(`a ${method} has no body`);
    return null;
  }
  if (bodyFile === undefined) return new TextEncoder().encode(body ?? "");
  try {
    return Uint8Array.from(readFileSync(bodyFile === "-" ? 0 : bodyFile));
  } catch (error) {
    throw usageFailure(`--body-file ${bodyFile}: ${(error as Error).message}`);
  }
}

export function sign(env: NodeJS.ProcessEnv): Command {
  const command = asServer(new Command("sign"))
    .description("print the headers of a signed request, one a line, as curl -H @- reads them")
    .argument("<path>", "of the request, with its query: /v1/messages")
    .addOption(
      new Option("--method <method>", "default: POST with a body, GET without").choices(METHODS),
    )
    .option("--body <text>", "the body, byte for byte as it will be sent")
    .option("--body-file <file>", "the same from a file, - for standard input")
    .option("--idempotency-key <key>", "of a POST (default: a new one)")
    .action(async (path: string, options: SignOptions) => {
      if (!path.startsWith("/")) throw usageFailure(`${path} is no path: it starts with /`);
      if (!VISIBLE.test(path)) throw usageFailure(`percent-encode the path: ${encodeURI(path)}`);
      const context = contextOf(options, env);
      const { keyId, key } = sendingKeyOf(context, options, env);
      const hasBody = options.body !== undefined || options.bodyFile !== undefined;
      const method = options.method ?? (hasBody ? "POST" : "GET");
      const body = bodyOf(method, options);
      const headers = new Map<string, string>();
      if (body !== null) headers.set("content-type", "application/json");
      if (method === "POST") headers.set("idempotency-key", options.idempotencyKey ?? randomUUID());
      const created = Math.floor(Date.now() / 1_000);
      const signer = await signerOf(key);
      await signRequest(method, context.url + path, headers, body, { keyId, signer, created });
      const lines = [...headers].map(([name, value]) => `${name}: ${value}`);
      context.output.result({ method, headers: Object.fromEntries(headers) }, lines.join("\n"));
    });
  return withExamples(
    command,
    "pushmesh sign /v1/tags/news | curl -H @- $PUSHMESH_URL/v1/tags/news",
    `body='{"to":"<regId>","data":"Hello"}'; pushmesh sign /v1/messages --body "$body" | curl -H @- -d "$body" $PUSHMESH_URL/v1/messages`,
  );
}
