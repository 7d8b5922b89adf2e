/** `pushmesh grant revoke` */
import { Command } from "commander";
import { contextOf, type KeyOptions } from "../context.ts";
import { asServer, withExamples } from "../options.ts";
import { serverOf } from "../server.ts";

export function grantRevoke(env: NodeJS.ProcessEnv): Command {
  const command = asServer(new Command("revoke"))
    .description("revoke a grant: it registers and renews nobody any more")
    .argument("<grant>", "a grant, or its jti")
    .action(async (grant: string, options: KeyOptions) => {
      const context = contextOf(options, env);
      const answer = await serverOf(context, options, env).revokeGrant(grant);
      const done = answer.revoked ? "revoked" : "had been revoked before";
      context.output.result(answer, `${done}  ${answer.jti}`);
    });
  return withExamples(command, "pushmesh grant revoke <grant>");
}
