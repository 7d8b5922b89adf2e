/** `/v1/registrations`: the tags, aliases and attributes of a registration, and whether it is connected. */
import { deviceName } from "../../core/identity/device-id.ts";
import type { RegistrationAnswerBody } from "../../schema/http.ts";
import { refusal, wakeInTime } from "../calls/objects.ts";
import { openOwnRegId } from "../calls/registrations.ts";
import type { Handlers } from "../context.ts";
import { readCaller } from "../request/signed.ts";

export const registrations: Handlers<"getRegistration"> = {
  async getRegistration(c) {
    const caller = await readCaller(c);
    const regId = c.req.param("regId") ?? "";
    const { deviceId, generation } = openOwnRegId(c, caller, regId);
    const name = { app: caller.appName, generation };
    const device = deviceName(deviceId);
    const described = await wakeInTime(c, device, () =>
      c.env.DEVICES.getByName(device).describe(name),
    );
    if (!described.ok) throw refusal(described);
    const { tags, aliases, attributes, connected } = described;
    const answer: RegistrationAnswerBody = { regId, tags, aliases, attributes, connected };
    return c.json(answer);
  },
};
