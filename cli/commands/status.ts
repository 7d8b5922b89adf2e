/** `pushmesh status` */
import { Command } from "commander";
import { PushServer } from "../../sdk/server/push-server.ts";
import { contextOf, type KeyOptions, sendingKeyOf } from "../context.ts";
import { withApp, withExamples, withKey, withMesh } from "../options.ts";

export function status(env: NodeJS.ProcessEnv): Command {
  const command = withKey(withApp(withMesh(new Command("status"))))
    .description("ask what became of a message")
    .argument("<id>", "as pushmesh send printed it")
    .action(async (id: string, options: KeyOptions) => {
      const context = contextOf(options, env);
      const server = new PushServer({ url: context.url, ...sendingKeyOf(context, options, env) });
      const answer = await server.status(id);
      const accepted = new Date(answer.acceptedAt).toISOString();
      context.output.result(answer, `${answer.status}  accepted ${accepted}`);
    });
  return withExamples(command, "pushmesh status <id>");
}
