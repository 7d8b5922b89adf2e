/** A device whose app "a" has a key with the mesh, and reads what comes by it. */
import type { Admitted } from "../../../../core/app/admission.ts";
import { publicLinkKeys } from "../../../../core/identity/link-keys.ts";
import type {
  PushDown,
  Register,
  Registration,
  Sealed,
  WritablePushUp,
} from "../../../../schema/generated/link.ts";
import type { Down } from "../support/frames.ts";
import { OPEN } from "../support/open-app.ts";
import { Rig } from "../support/rig.ts";
import { Epoch } from "../support/sealing-app.ts";

export const APP_ID = "app-a";

export class SealedRig extends Rig {
  epoch = this.newEpoch(1);
  place: Registration = { slot: 1, appId: APP_ID, regId: "" };
  session: Uint8Array = new Uint8Array(16).fill(1);
  number = 0;
  /** Frames that did not open. */
  readonly dropped: Sealed[] = [];

  /** With a link, and app "a" in slot 1, attached. */
  static sealed(): SealedRig {
    const rig = new SealedRig();
    rig.openAccount();
    rig.link();
    rig.command({ kind: "register", value: rig.epoch.register(1, APP_ID) });
    rig.place = registered(rig.take());
    rig.command({ kind: "attach", value: { slot: 1 } });
    rig.answerCalls();
    return rig;
  }

  newEpoch(epoch: number): Epoch {
    const [key] = publicLinkKeys(this.keyring);
    if (key === undefined) throw new Error("no key");
    return new Epoch(APP_ID, key, epoch);
  }

  /** Opens a link. @returns the registrations of its welcome */
  link(attach: number[] = []): readonly Registration[] {
    this.connect({ attach });
    const frames = this.takeSealed();
    const welcome = frames.find(({ kind }) => kind === "welcome");
    if (welcome?.kind !== "welcome") throw new Error("no welcome");
    this.session = welcome.value.session;
    this.number = 0;
    this.held = frames.filter((frame) => frame !== welcome);
    return welcome.value.registrations;
  }

  /** What came with the last welcome. */
  held: Down[] = [];

  /** The frames that came, as they are on the wire. */
  takeSealed(): Down[] {
    return super.take();
  }

  /** The frames that came, opened. */
  override take(): Down[] {
    return [...this.held.splice(0), ...this.takeSealed()].flatMap((frame): Down[] => {
      if (frame.kind !== "sealed") return [frame];
      const opened = this.epoch.open(this.place, frame.value);
      if (opened === null) this.dropped.push(frame.value);
      return opened === null ? [] : [opened];
    });
  }

  seal(command: WritablePushUp): Extract<WritablePushUp, { kind: "sealed" }> {
    return this.epoch.seal(this.place, this.session, ++this.number, command);
  }

  /** Sends a command sealed. @returns what comes */
  say(command: WritablePushUp): Down[] {
    this.command(this.seal(command));
    this.answerCalls();
    return this.take();
  }
}

export function registered(frames: readonly (Down | PushDown)[]): Registration {
  const answer = frames.find((frame) => frame.kind === "registered");
  if (answer?.kind !== "registered") throw new Error(JSON.stringify(frames));
  return answer.value.registration;
}

/** The only frame, which is sealed. */
export function onlySealed(frames: readonly Down[]): Sealed {
  const [frame, ...others] = frames;
  if (frame?.kind !== "sealed" || others.length > 0) throw new Error(JSON.stringify(frames));
  return frame.value;
}

export const GRANTED: Admitted = {
  ...{ ok: true, trustVersion: 1, policy: { alias: [], tag: [] }, lapsed: null },
  grant: { jti: "g", kid: "k1", exp: 2_000_000_000, aliases: [], tags: [], attributes: {} },
};
export const setKey = (epoch: Epoch, request = 7): WritablePushUp => ({
  kind: "setKey",
  value: { request, slot: 1, setup: epoch.setup },
});
export const refusal = (name: string, request = 7) => ({
  kind: "refusal",
  value: { name, request },
});
export const done = { kind: "done", value: { request: 7 } };

/** `Register`; the app's object answers as it is told, and is told what was asked. */
export function register(rig: SealedRig, value: Register, admission: Admitted | string = OPEN) {
  rig.keepsAppCalls = true;
  rig.command({ kind: "register", value });
  const at = rig.calls.findIndex(({ kind }) => kind === "app");
  const asked = rig.calls[at]?.call;
  if (at >= 0) {
    const [call] = rig.calls.splice(at, 1);
    const answer =
      typeof admission === "string" ? ({ ok: false, code: "grant_required" } as const) : admission;
    rig.run((context) => rig.device.onCallResult(call?.token ?? 0, { ok: true, answer }, context));
  }
  rig.keepsAppCalls = false;
  return { asked: asked?.method === "admit" ? asked.request : null, frames: rig.take() };
}
