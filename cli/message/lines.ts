/** `pushmesh send --stdin`: a message for each line, by one sender link. */
import { createInterface } from "node:readline";
import {
  type PushServer,
  PushServerError,
  type SendOptions,
  type SingleMessage,
} from "../../sdk/server/mod.ts";
import { CliFailure, EXIT } from "../failure.ts";
import type { Output } from "../output.ts";

type Line = SingleMessage & Pick<SendOptions, "idempotencyKey">;

/** @throws CliFailure if a line is no message, or the mesh refused one; the others are sent all the same */
export async function sendLines(
  push: PushServer,
  input: NodeJS.ReadableStream,
  options: SendOptions,
  output: Output,
): Promise<void> {
  const link = push.link();
  const failed: string[] = [];
  let count = 0;
  const send = async (number: number, text: string): Promise<void> => {
    try {
      const { idempotencyKey, ...message } = JSON.parse(text) as Line;
      const own = idempotencyKey === undefined ? options : { ...options, idempotencyKey };
      const answer = await link.send(message, own);
      output.result({ line: number, ...answer }, `${number}  ${answer.status}  ${answer.id}`);
    } catch (error) {
      const code = error instanceof PushServerError ? error.code : "line_invalid";
      failed.push(code);
      const detail = (error as Error).message;
      output.result(
        { line: number, error: code, detail },
        `${number}  refused  ${code}: ${detail}`,
      );
    }
  };
  const sends = new Set<Promise<void>>();
  for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    count++;
    if (text.trim() === "") continue;
    await link.ready();
    const sent = send(count, text);
    sends.add(sent);
    void sent.then(() => sends.delete(sent));
  }
  await Promise.all(sends);
  await link.close();
  const [first] = failed;
  if (first === undefined) return;
  throw new CliFailure(EXIT.refused, first, `${failed.length} of ${count} lines were not sent`);
}
