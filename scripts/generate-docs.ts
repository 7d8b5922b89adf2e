/**
 * Writes docs/errors.md from the error table. `node scripts/generate-docs.ts [--check]`.
 *
 * --check writes nothing and exits with 1 if the page is not current.
 */
import { resolve } from "node:path";
import { CLOSE_RANGES, ERRORS, type ErrorCode } from "../schema/errors.ts";
import { putGenerated } from "./generated-file.ts";

/** Heading of each hundred of numbers. */
const GROUPS: Readonly<Record<number, string>> = {
  1: "Requests in general",
  2: "Signed requests",
  3: "Sending",
  4: "Apps and keys",
  5: "The device account",
  6: "Opening and holding a link",
  7: "Commands on a link",
  8: "Aliases, tags and broadcasts",
};

const HEAD = `<!-- Made by scripts/generate-docs.ts from schema/errors.ts. Do not edit: run that again. -->

# Errors

All errors of the mesh, and all codes it closes a link with. Over HTTPS an error is
\`application/problem+json\` (RFC 9457) with the \`code\` below. On a link it is a \`Refusal\` with the number and
the code, or a WebSocket close with the close code. Numbers and close codes are never reused.

| retry            | meaning                                                                       |
| ---------------- | ----------------------------------------------------------------------------- |
| \`never\`          | the same request cannot succeed                                               |
| \`later\`          | the same request can succeed later: after \`Retry-After\`, or with backoff      |
| \`reauthenticate\` | get a fresh signature or token first                                          |

The range of a close code tells a device what to do, even if it does not know the code:

| close codes | a device                                                |
| ----------- | ------------------------------------------------------- |
| ${range("reconnect")}   | reconnects with backoff, as after any other code        |
| ${range("reauthenticate")}   | makes a fresh token, then reconnects                    |
| ${range("stop")}   | stops: reconnecting does not help                       |
`;

function range(verdict: keyof typeof CLOSE_RANGES): string {
  return CLOSE_RANGES[verdict].join("–");
}

const COLUMNS = ["code", "number", "HTTP", "close", "retry", "meaning", "what to do"];

/** A Markdown cell: the table's own separator must not end it, and `<token>` is no HTML. */
function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
}

function rowOf(code: ErrorCode): string {
  const { number, status, close, retry, title, advice } = ERRORS[code];
  const cells = [`\`${code}\``, number, status ?? "", close ?? "", retry, title, advice];
  return `| ${cells.map((value) => cell(String(value))).join(" | ")} |`;
}

/** @throws Error if a number has no group: a new hundred needs a heading. */
function sections(): string[] {
  const groups = new Map<number, ErrorCode[]>();
  const codes = Object.keys(ERRORS) as ErrorCode[];
  for (const code of codes.toSorted((a, b) => ERRORS[a].number - ERRORS[b].number)) {
    const group = Math.floor(ERRORS[code].number / 100);
    groups.set(group, [...(groups.get(group) ?? []), code]);
  }
  return [...groups].map(([group, members]) => {
    const heading = GROUPS[group];
    if (heading === undefined) throw new Error(`give the numbers from ${group}00 a heading`);
    const head = `| ${COLUMNS.join(" | ")} |\n|${" --- |".repeat(COLUMNS.length)}`;
    return `\n## ${heading}\n\n${head}\n${members.map(rowOf).join("\n")}\n`;
  });
}

const path = resolve(import.meta.dirname, "../docs/errors.md");
putGenerated(path, HEAD + sections().join(""), process.argv.includes("--check"));
