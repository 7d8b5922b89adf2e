/** A noisy app server: another app of the mesh, with a quota, which sends far over it. */
import { PushServer, PushServerError } from "../../../sdk/server/mod.ts";
import type { Attack, Loot } from "./attack.ts";

/** Sends a second, and at once, that the app may make. */
export const NOISY_QUOTA = { perSecond: 50, burst: 50 } as const;

let server: PushServer | undefined;

const serverOf = ({ address: { host, port }, noisy }: Loot): PushServer => {
  if (noisy === null) throw new Error("there is no noisy app");
  server ??= new PushServer({
    url: `http://${host}:${port}`,
    keyId: noisy.keyId,
    key: noisy.secret,
    // It does not wait for as long as the mesh says.
    attempts: 1,
  });
  return server;
};

export const QUICK: Readonly<Record<string, Attack>> = {
  "sends over its quota": async (loot) => {
    try {
      const { status } = await serverOf(loot).send({ to: loot.noisy?.regId ?? "", data: "noise" });
      return status;
    } catch (error) {
      if (!(error instanceof PushServerError) || error.status === undefined) throw error;
      return `${error.status} ${error.code}`;
    }
  },
};

export const SLOW: Readonly<Record<string, Attack>> = {};
