/** Checks an answer of a mesh against the table of routes. */
import { ERRORS, type ErrorCode } from "../../schema/errors.ts";
import {
  ANY_REQUEST,
  type AnswerRow,
  allowOf,
  isPolled,
  type NamedRoute,
  type PathRoutes,
  problemBody,
  RATE_LIMIT,
  routesByPath,
} from "../../schema/http.ts";
import { routePath } from "../../worker/request/route-path.ts";

/** An answer as its caller received it. */
export interface Received {
  readonly method: string;
  /** With its query, if any. */
  readonly path: string;
  readonly status: number;
  readonly headers: Pick<Headers, "get">;
  /** Null if it was not read: of a stream or a WebSocket. */
  readonly body: string | null;
}

const PROBLEM = "application/problem+json";
/** Headers that the API declares; others, such as Date, belong to the host. */
const DECLARED = [
  "allow",
  "cache-control",
  "etag",
  "location",
  "preference-applied",
  "ratelimit",
  "ratelimit-policy",
  "retry-after",
  "set-cookie",
  "www-authenticate",
  "x-accel-buffering",
];
const METHODS = new Set(["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]);
const OPERATORS = /^\/v1\/(apps|admin)(\/|$)/;

const patterns = routesByPath().map((path) => ({
  ...path,
  pattern: new RegExp(`^${path.path.replaceAll(/:\w+/g, "[^/]+").replace(/\/\*$/, "(/.*)?")}$`),
}));

/** The routes of a path; undefined where the table has none. */
export function routesOf(path: string): PathRoutes | undefined {
  const pathname = routePath(path);
  return patterns.find(({ pattern }) => pattern.test(pathname));
}

/** How an answer differs from the table; empty if it does not. */
export function faultsOf(received: Received): string[] {
  const { method, path, status } = received;
  const found = routesOf(path);
  const asked = method === "HEAD" ? "GET" : method;
  const route = found?.routes.find((each) => each.method === asked);
  const faults =
    received.headers.get("content-type") === PROBLEM
      ? problemFaults(received, found, route)
      : answerFaults(received, found, route);
  return faults.map((fault) => `${method} ${path} answered ${status}: ${fault}`);
}

/** @param known by lower-case name, whether it must be there */
function headerFaults(
  headers: Pick<Headers, "get">,
  known: Readonly<Record<string, boolean>>,
): string[] {
  const missing = Object.keys(known).filter((name) => known[name] && headers.get(name) === null);
  const undeclared = DECLARED.filter((name) => headers.get(name) !== null && !(name in known));
  return [
    ...missing.map((name) => `no header ${name}`),
    ...undeclared.map((name) => `undeclared header ${name}`),
  ];
}

const isPreflight = ({ method, headers }: Received): boolean =>
  method === "OPTIONS" && headers.get("access-control-allow-methods") !== null;

/** What any answer of a route may have. */
const rateLimitOf = (route: NamedRoute | undefined): AnswerRow["headers"] =>
  route?.auth === "signature" ? RATE_LIMIT : {};

const etagOf = (route: NamedRoute): AnswerRow["headers"] =>
  isPolled(route) ? { etag: { description: "", required: true } } : {};

function answerFaults(
  received: Received,
  found: PathRoutes | undefined,
  route: NamedRoute | undefined,
): string[] {
  const { method, status, headers, body } = received;
  if (found !== undefined && isPreflight(received)) {
    return found.routes.some(({ cors }) => cors) && status === 204
      ? []
      : ["CORS of a closed route"];
  }
  if (status === 304 && route !== undefined && isPolled(route)) {
    const named = {
      etag: true,
      ...Object.fromEntries(Object.keys(rateLimitOf(route) ?? {}).map((name) => [name, false])),
    };
    return [...headerFaults(headers, named), ...(body ? [`it has a body: ${body}`] : [])];
  }
  const row = route?.answers()[status];
  if (route === undefined || row === undefined) return [`undeclared answer: ${body}`];
  const rows = Object.entries({ ...row.headers, ...rateLimitOf(route), ...etagOf(route) });
  const known = Object.fromEntries(rows.map(([name, { required }]) => [name, required === true]));
  const faults = headerFaults(headers, known);
  const isOpen = headers.get("access-control-allow-origin") === "*";
  if (status !== 101 && isOpen !== (route.cors ?? false)) faults.push(`CORS is ${isOpen}`);
  if (row.file) return faults;
  const type = headers.get("content-type");
  const wanted = row.body ? "application/json" : row.events ? "text/event-stream" : null;
  if (type !== wanted) faults.push(`content-type is ${type}, not ${wanted}`);
  if (body === null || method === "HEAD" || row.events) return faults;
  if (row.body === undefined) return body === "" ? faults : [...faults, `it has a body: ${body}`];
  return [...faults, ...bodyFaults(row.body, body)];
}

function bodyFaults(schema: NonNullable<AnswerRow["body"]>, text: string): string[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return [`${error}: ${text}`];
  }
  const { error } = schema.safeParse(value);
  return (error?.issues ?? []).map((issue) => `${JSON.stringify(issue)} in ${text}`);
}

function isRefusedSo(code: string, found: PathRoutes | undefined, received: Received): boolean {
  if (code === "method_not_allowed") return true;
  const [pathname = ""] = received.path.split("?", 1);
  if (code === "admin_token_invalid") return OPERATORS.test(pathname);
  return code === "not_found" && found === undefined;
}

function problemFaults(
  received: Received,
  found: PathRoutes | undefined,
  route: NamedRoute | undefined,
): string[] {
  const { method, status, headers, body } = received;
  const faults = headerFaults(headers, {
    "cache-control": true,
    ...Object.fromEntries(Object.keys(rateLimitOf(route) ?? {}).map((name) => [name, false])),
    "retry-after": status === 503,
    ...(status === 401 && { "www-authenticate": true }),
    ...(status === 405 && { allow: false }),
  });
  const seconds = headers.get("retry-after");
  if (seconds !== null && !/^[1-9]\d*$/.test(seconds)) faults.push(`retry-after is ${seconds}`);
  if (status === 405 && found !== undefined && METHODS.has(method)) {
    const [allow, allowed] = [headers.get("allow"), allowOf(found.routes)];
    if (allow !== allowed) faults.push(`allow is ${allow}, not ${allowed}`);
  }
  // An answer to HEAD has no body.
  if (body === null || method === "HEAD") return faults;
  const problems = bodyFaults(problemBody(), body);
  if (problems.length > 0) return [...faults, ...problems];

  const problem: Record<string, unknown> = JSON.parse(body);
  const code = String(problem["code"]);
  if (!Object.hasOwn(ERRORS, code)) return [...faults, `no such code: ${code}`];
  const { title, advice, retry, status: declared } = ERRORS[code as ErrorCode];
  const wanted = { type: `urn:pushmesh:error:${code}`, title, advice, retry, status };
  for (const [name, value] of Object.entries(wanted)) {
    if (problem[name] !== value) faults.push(`${name} is ${problem[name]}, not ${value}`);
  }
  if (declared !== status) faults.push(`${code} is ${declared}`);
  const codes: readonly string[] = [...ANY_REQUEST, ...(route?.errors ?? [])];
  if (!codes.includes(code) && !isRefusedSo(code, found, received)) {
    faults.push(`undeclared code ${code}`);
  }
  return faults;
}
