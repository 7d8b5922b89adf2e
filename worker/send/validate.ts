/** Checks a message as far as that goes without sending it: its fields, and whether its target is there. */
import { deviceName } from "../../core/identity/device-id.ts";
import { MeshError } from "../../schema/errors.ts";
import type { SendBody, ValidationAnswerBody } from "../../schema/http.ts";
import { refusal, wakeInTime } from "../calls/objects.ts";
import { openOwnRegId } from "../calls/registrations.ts";
import type { CallContext } from "../context.ts";
import type { Caller } from "../request/signed.ts";
import { requireForAlias } from "./alias.ts";
import { countRecipients, requireForBroadcast } from "./broadcast.ts";
import { askHolders } from "./holders.ts";
import { type MessageOptions, requireNoBroadcastFields } from "./message.ts";

type Validation = Omit<ValidationAnswerBody, "tookMs">;

interface Validated {
  readonly caller: Caller;
  readonly to: SendBody["to"];
  readonly options: MessageOptions;
}

/** @throws MeshError as the send would, for what can be told before it */
export async function validateOutgoing(
  c: CallContext,
  { caller, to, options }: Validated,
): Promise<Validation> {
  if (typeof to === "string") {
    requireNoBroadcastFields(options);
    await requireRegistered(c, caller, to);
    return { valid: true, recipients: 1 };
  }
  if ("regIds" in to || "aliases" in to) {
    const field = "validateOnly";
    throw new MeshError("field_invalid", `${field}: one target at a time`, { field });
  }
  if ("alias" in to) {
    requireForAlias(options);
    const { holders } = await askHolders(c, caller.appName, to.alias);
    if (holders.length === 0) throw new MeshError("alias_unknown");
    return { valid: true, recipients: holders.length };
  }
  requireForBroadcast(options);
  return { valid: true, recipients: await countRecipients(c, caller.appName, to) };
}

async function requireRegistered(c: CallContext, caller: Caller, regId: string): Promise<void> {
  const { deviceId, generation } = openOwnRegId(c, caller, regId);
  const name = deviceName(deviceId);
  const described = await wakeInTime(c, name, () =>
    c.env.DEVICES.getByName(name).describe({ app: caller.appName, generation }),
  );
  if (!described.ok) throw refusal(described);
}
