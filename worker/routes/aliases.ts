/** `/v1/aliases`: sets and removes aliases of registrations, and lists the holders of one. */
import { deviceName } from "../../core/identity/device-id.ts";
import type { RegIdParts } from "../../core/identity/reg-id.ts";
import { MeshError } from "../../schema/errors.ts";
import {
  type AliasAnswerBody,
  aliasText,
  type ResultsAnswerBody,
  ROUTES,
} from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import { beginChange } from "../calls/changes.ts";
import { wakeInTime } from "../calls/objects.ts";
import { forEachRegId, regIdOf } from "../calls/registrations.ts";
import type { Handlers, MeshContext } from "../context.ts";
import { parseBody } from "../request/body.ts";
import { nameInPath } from "../request/path.ts";
import { readCaller, readSigned } from "../request/signed.ts";
import { askHolders, forgetHolders } from "../send/holders.ts";

async function changeAlias(c: MeshContext): Promise<Response> {
  const { schema, maxBytes } = ROUTES.changeAlias.body;
  const { caller, bytes } = await readSigned(c, maxBytes);
  const { alias, shared, add, remove } = parseBody(schema, bytes);
  await beginChange(c, caller, [...add, ...remove]);
  const set = (held: boolean) => (parts: RegIdParts) => {
    const { generation, deviceId } = parts;
    const request = { app: caller.appName, generation, alias, held, shared };
    const device = deviceName(deviceId);
    return wakeInTime(
      c,
      device,
      () => c.env.DEVICES.getByName(device).setAlias(request),
      LIMITS.DEVICE_CALL_MS,
    );
  };
  // Removals first: they make room in an alias that is full.
  const removed = await forEachRegId(c, caller, remove, set(false));
  const added = await forEachRegId(c, caller, add, set(true));
  forgetHolders(caller.appName, alias);
  return c.json({ results: [...added, ...removed] } satisfies ResultsAnswerBody);
}

async function getAlias(c: MeshContext): Promise<Response> {
  const caller = await readCaller(c);
  const alias = nameInPath(c, 3, "alias", aliasText);
  const { shared, holders } = await askHolders(c, caller.appName, alias);
  if (holders.length === 0) throw new MeshError("alias_unknown");
  const regIds = holders.map((holder) => regIdOf(c, caller, holder));
  return c.json({ alias, shared, regIds } satisfies AliasAnswerBody);
}

export const aliases: Handlers<"changeAlias" | "getAlias"> = { changeAlias, getAlias };
