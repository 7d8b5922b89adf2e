/** An app with its keys, as the operator's commands read and print it. */
import type { MeshAdmin } from "../sdk/server/admin.ts";
import { type AdminOptions, adminOf } from "./admin.ts";
import { type AppOptions, appOf, contextOf } from "./context.ts";
import { dateText } from "./terminal-text.ts";

type App = Awaited<ReturnType<MeshAdmin["app"]>>;

/** Reads the app that a command names. */
export async function readApp(options: AppOptions & AdminOptions, env: NodeJS.ProcessEnv) {
  const context = contextOf(options, env);
  const admin = adminOf(context, options, env);
  return { app: await admin.app(appOf(context, options, env)), output: context.output };
}

/** A key in one line. */
export function keyLine(key: App["keys"][number]): string {
  const { keyId, algorithm, createdAt, scopes, expiresAt, lastUsedAt } = key;
  const expiry = expiresAt === null ? "" : `  ${expiryText(expiresAt)}`;
  return `${keyId}  ${dateText(createdAt)}  ${algorithm}  ${scopes.join(",")}  used ${dateText(lastUsedAt)}${expiry}`;
}

/** When a key expires or has expired. */
export const expiryText = (expiresAt: number): string =>
  `${expiresAt <= Date.now() ? "expired" : "expires"} ${dateText(expiresAt)}`;
