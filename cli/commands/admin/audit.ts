/** `pushmesh admin audit` */
import { Command } from "commander";
import type { AuditEntryBody } from "../../../schema/http.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { AuditLogQuery } from "../../../sdk/server/admin.ts";
import { type AdminOptions, adminOf } from "../../admin.ts";
import { contextOf } from "../../context.ts";
import { wholeNumber, withAdmin, withExamples } from "../../options.ts";
import { dateText, nameText } from "../../terminal-text.ts";

interface AuditOptions extends AdminOptions {
  readonly app?: string;
  readonly limit: number;
}

function lineOf({ at, actor, role, action, target, detail, address }: AuditEntryBody): string {
  const more = detail === null ? [] : [`(${nameText(detail)})`];
  const what = [action, nameText(target), ...more].join(" ");
  return `${dateText(at)}  ${what}  by ${nameText(actor)} (${role}) from ${address ?? "this machine"}`;
}

export function adminAudit(env: NodeJS.ProcessEnv): Command {
  const command = withAdmin(new Command("audit"))
    .description("list what was changed, by whom and from where, newest first")
    .option("--app <appId>", "only changes of this app")
    .option("--limit <n>", "how many entries", wholeNumber(1), 100)
    .action(async (options: AuditOptions) => {
      const context = contextOf(options, env);
      const admin = adminOf(context, options, env);
      let left = options.limit;
      let next: string | null = null;
      do {
        const query: AuditLogQuery = {
          limit: Math.min(left, LIMITS.AUDIT_PAGE),
          ...(options.app === undefined ? {} : { appId: options.app }),
          ...(next === null ? {} : { cursor: next }),
        };
        const page = await admin.auditLog(query);
        for (const entry of page.entries) context.output.result(entry, lineOf(entry));
        left -= page.entries.length;
        next = page.next;
      } while (next !== null && left > 0);
    });
  return withExamples(command, "pushmesh admin audit", "pushmesh admin audit --app <appId> --json");
}
