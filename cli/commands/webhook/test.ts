/** `pushmesh webhook test` */
import type { Command } from "commander";
import { CliFailure, EXIT } from "../../failure.ts";
import { nameText } from "../../terminal-text.ts";
import { aboutOne } from "./about-one.ts";

export const webhookTest = (env: NodeJS.ProcessEnv): Command =>
  aboutOne("test", "send a test event now", env, async (webhooks, id, output) => {
    const answer = await webhooks.test(id);
    const { delivered, status, error, body, tookMs } = answer;
    const outcome = delivered ? `delivered (${status})` : `failed: ${error}`;
    output.result(answer, `${outcome} in ${tookMs} ms${body === "" ? "" : `\n${nameText(body)}`}`);
    if (!delivered) throw new CliFailure(EXIT.refused, "test_failed", `the test failed: ${error}`);
  });
