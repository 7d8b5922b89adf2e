/** Registrations as app servers name them, and commands for many of them. */
import type { Holder } from "../../core/alias/types.ts";
import { deviceName } from "../../core/identity/device-id.ts";
import { equalBytes } from "../../core/identity/mac.ts";
import { type RegIdParts, sealRegId } from "../../core/identity/reg-id.ts";
import type { CommandAnswer } from "../../core/message/refusal.ts";
import { MeshError } from "../../schema/errors.ts";
import type { RegistrationResult } from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import { fromBase64Url } from "../../schema/text.ts";
import type { CallContext, MeshContext } from "../context.ts";
import { asMeshError } from "../problem.ts";
import { type Caller, readCaller } from "../request/signed.ts";
import { refusal, wakeInTime } from "./objects.ts";

/**
 * Opens a regId of the caller's app.
 *
 * @throws MeshError with the code `invalid`, or `reg_id_foreign`
 */
export function openOwnRegId(
  c: CallContext,
  { app }: Caller,
  regId: string,
  invalid: "reg_id_invalid" | "message_id_invalid" = "reg_id_invalid",
): RegIdParts {
  const parts = c.get("config").regIds.open(regId);
  if (parts === undefined) throw new MeshError(invalid);
  if (!equalBytes(parts.app, app)) throw new MeshError("reg_id_foreign");
  return parts;
}

/**
 * The registration that a signed request names in its path.
 *
 * @throws MeshError as `readCaller` and `openOwnRegId` do
 */
export async function readRegistration(c: MeshContext) {
  const caller = await readCaller(c);
  const regId = c.req.param("regId") ?? "";
  const { deviceId, generation } = openOwnRegId(c, caller, regId);
  return { caller, regId, generation, device: deviceName(deviceId) };
}

/**
 * Asks the device of the registration that a signed request names in its path.
 *
 * @throws MeshError as `readRegistration` does, or `unregistered`
 */
export async function describeRegistration(c: MeshContext) {
  const { caller, regId, generation, device } = await readRegistration(c);
  const name = { app: caller.appName, generation };
  const described = await wakeInTime(c, device, () =>
    c.env.DEVICES.getByName(device).describe(name),
  );
  if (!described.ok) throw refusal(described);
  return { regId, ...described };
}

/** Whether `openOwnRegId` accepts the regId. */
export function isOwnRegId(c: CallContext, { app }: Caller, regId: string): boolean {
  const parts = c.get("config").regIds.open(regId);
  return parts !== undefined && equalBytes(parts.app, app);
}

/** The regId of a registration that an object names by device and generation. */
export function regIdOf(c: CallContext, { app }: Caller, { device, generation }: Holder): string {
  const deviceId = fromBase64Url(device);
  if (deviceId === undefined) throw new Error(`${device} names no device`);
  return sealRegId(c.get("config").keyring, { deviceId, app, generation });
}

/**
 * Runs a command for each regId, `LIMITS.SUBSCRIBE_CALLS` at a time.
 *
 * @returns a result for each, in order; a failure does not affect the others
 */
export async function forEachRegId(
  c: MeshContext,
  caller: Caller,
  regIds: readonly string[],
  command: (parts: RegIdParts, regId: string) => Promise<CommandAnswer>,
): Promise<RegistrationResult[]> {
  const results: RegistrationResult[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let at = next++; at < regIds.length; at = next++) {
      const regId = regIds[at] ?? "";
      results[at] = await resultOf(c, regId, () => command(openOwnRegId(c, caller, regId), regId));
    }
  };
  const workers = Math.min(LIMITS.SUBSCRIBE_CALLS, regIds.length);
  await Promise.all(Array.from({ length: workers }, worker));
  return results;
}

async function resultOf(
  c: MeshContext,
  regId: string,
  command: () => Promise<CommandAnswer>,
): Promise<RegistrationResult> {
  try {
    const answer = await command();
    if (!answer.ok) throw refusal(answer);
    return { regId, ok: true };
  } catch (error) {
    const { code, message } = asMeshError(error, c.req.raw);
    return { regId, ok: false, error: code, detail: message };
  }
}
