/**
 * The table of all routes of the HTTPS API. From it come the edge's router and its 405 answers (worker/app.ts), docs/openapi.json,
 * the types of the server SDK, and the check of every answer that a test receives (test/support/contract.ts).
 */
import type * as z from "zod";
import { appRoutes } from "./apps.ts";
import { batchRoutes } from "./batch.ts";
import { deviceRoutes } from "./devices.ts";
import { encryptionRoutes } from "./encryption.ts";
import type { AnswerOf } from "./fields.ts";
import { grantRoutes } from "./grants.ts";
import { liveRoutes } from "./live.ts";
import { messageListRoutes } from "./message/list.ts";
import { messageRoutes } from "./messages.ts";
import { operatorRoutes } from "./operators.ts";
import { registrationRoutes } from "./registrations.ts";
import type { Route } from "./route.ts";
import { tagRoutes } from "./tags.ts";
import { webhookRoutes } from "./webhooks/webhooks.ts";

/** By operation ID. If a path matches two routes, the first wins. */
export const ROUTES = {
  ...deviceRoutes,
  ...batchRoutes,
  ...messageListRoutes,
  ...messageRoutes,
  ...tagRoutes,
  ...registrationRoutes,
  ...grantRoutes,
  ...encryptionRoutes,
  ...liveRoutes,
  ...webhookRoutes,
  ...appRoutes,
  ...operatorRoutes,
} as const satisfies Record<string, Route>;

export type OperationId = keyof typeof ROUTES;

export interface NamedRoute extends Route {
  readonly id: OperationId;
}

export interface PathRoutes {
  readonly path: string;
  readonly routes: readonly NamedRoute[];
}

/** Every path with its routes, in the order of the table. */
export function routesByPath(): PathRoutes[] {
  const named = (Object.entries(ROUTES) as [OperationId, Route][]).map(
    ([id, route]): NamedRoute => ({ id, ...route }),
  );
  const paths = new Set(named.map(({ path }) => path));
  return [...paths].map((path) => ({ path, routes: named.filter((route) => route.path === path) }));
}

/** Whether an answer has an ETag, and is 304 to whoever has it: of what an app server or an operator reads again and again. */
export const isPolled = ({ method, auth, upgrade }: Route): boolean =>
  method === "GET" && (auth === "signature" || auth === "admin") && upgrade === undefined;

/** Allow of a path: its methods, in alphabetical order. */
export const allowOf = (routes: readonly Pick<Route, "method">[]): string =>
  routes
    .map(({ method }) => method)
    .sort()
    .join(", ");

type Answers<Id extends OperationId> = ReturnType<(typeof ROUTES)[Id]["answers"]>;
type BodyOf<Row> = Row extends { readonly body: infer Schema extends z.ZodType }
  ? AnswerOf<() => Schema>
  : undefined;

/** The body of an operation's successful answer. */
export type AnswerBody<Id extends OperationId> = {
  [Status in keyof Answers<Id>]: BodyOf<Answers<Id>[Status]>;
}[keyof Answers<Id>];

export type MethodOf<Id extends OperationId> = (typeof ROUTES)[Id]["method"];

type Filled<Path extends string> = Path extends `${infer Head}:${string}/${infer Tail}`
  ? `${Head}${string}/${Filled<Tail>}`
  : Path extends `${infer Head}:${string}`
    ? `${Head}${string}`
    : Path;

/** The path of an operation with its parameters filled in; a query may follow. */
export type PathOf<Id extends OperationId> =
  | Filled<(typeof ROUTES)[Id]["path"]>
  | `${Filled<(typeof ROUTES)[Id]["path"]>}?${string}`;
