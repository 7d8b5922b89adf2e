/**
 * Runs before the host `deno`, in its process (`deno run --preload`): of the calls that its objects make to each other, some
 * fail, hang or are late, before they were carried out or after. CHAOS_CALLS says how many, from 0 to 1. What the edge
 * asks is left alone: it has one try, and its sender would have to ask again.
 */
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { AliasShell } from "../../../objects/alias/alias-shell.ts";
import { DeviceShell } from "../../../objects/device/device-shell.ts";
import { LiveShell } from "../../../objects/live/live-shell.ts";
import { TagShell } from "../../../objects/tag/tag-shell.ts";
import { callWith, FAULTS } from "../../core/support/faults.ts";

const share = Number(process.env["CHAOS_CALLS"] ?? 0);

/** Methods that only other objects call. */
const CALLED: readonly (readonly [object, readonly string[]])[] = [
  [TagShell.prototype, ["join", "leave", "attach", "fanOut", "countChild", "go"]],
  [DeviceShell.prototype, ["deliver", "suspendAlias", "withdraw"]],
  [AliasShell.prototype, ["confirm", "firstAck"]],
  [LiveShell.prototype, ["publish", "presence", "listeners"]],
];

type Method = (...args: readonly unknown[]) => Promise<unknown>;

for (const [prototype, names] of CALLED) {
  for (const name of names) {
    const method: unknown = Reflect.get(prototype, name);
    if (typeof method !== "function") throw new Error(`no method ${name} to break`);
    const faulty: Method = function (this: unknown, ...args) {
      const isStruck = Math.random() < share;
      const fault = isStruck ? (FAULTS[Math.floor(Math.random() * FAULTS.length)] ?? null) : null;
      const late = (ms: number) => sleep(ms, undefined, { ref: false });
      return callWith(fault, async () => Reflect.apply(method, this, args), late);
    };
    Reflect.set(prototype, name, faulty);
  }
}
