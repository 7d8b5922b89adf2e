/** The registrations of an app. */
import type {
  BanLiftAnswerBody,
  RegistrationsAnswerBody,
  RemovalAnswerBody,
} from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import { CURSOR_ARGUMENT, checkArguments, OPTIONS_ARGUMENT, textArgument } from "./arguments.ts";
import type { CallOptions } from "./call.ts";
import { optionError } from "./errors.ts";
import type { SignedCalls } from "./signed-calls.ts";

const pathOf = (regId: string): `/v1/registrations/${string}` =>
  `/v1/registrations/${encodeURIComponent(regId)}`;

export class Registrations {
  readonly #calls: SignedCalls;

  /** @internal */
  constructor(calls: SignedCalls) {
    this.#calls = calls;
  }

  /**
   * A page of the app's registrations: up to 1,000, possibly none. Go on while `next` is not null.
   *
   * @param cursor `next` of the page before.
   */
  page(cursor?: string, { signal }: CallOptions = {}): Promise<RegistrationsAnswerBody> {
    const query = cursor === undefined ? "" : (`?cursor=${encodeURIComponent(cursor)}` as const);
    return this.#calls.call<"listRegistrations">("GET", `/v1/registrations${query}`, { signal });
  }

  /**
   * All regIds of the app, page after page: each registration that stands throughout, once. One that begins or ends meanwhile may be listed or
   * not.
   */
  async *list(options: CallOptions = {}): AsyncGenerator<string, void, undefined> {
    let cursor: string | undefined;
    do {
      const { registrations, next } = await this.page(cursor, options);
      for (const { regId } of registrations) yield regId;
      cursor = next ?? undefined;
    } while (cursor !== undefined);
  }

  /**
   * Ends a registration at once: its tags, aliases and waiting messages end, its regId answers `unregistered`, and its device is told. It is not
   * an error if it has ended before. In an open app, the device may register again, with another regId: see `ban`.
   *
   * @returns `removed` says whether a registration ended
   */
  remove(regId: string, { signal }: CallOptions = {}): Promise<RemovalAnswerBody> {
    const request = { isChange: true, signal };
    return this.#calls.call<"removeRegistration">("DELETE", pathOf(regId), request);
  }

  /**
   * Ends the app's registration on this device, whichever it is by now, and lets the device register for the app only after that time. A later
   * call replaces it.
   *
   * @param regId Any regId that the device has or had.
   * @param seconds 1 to 31,536,000, a year.
   * @throws PushServerError `option_invalid`; `unregistered` if nothing of the device is left
   */
  async ban(
    regId: string,
    seconds: number,
    { signal }: CallOptions = {},
  ): Promise<RemovalAnswerBody> {
    const most = LIMITS.BAN_MAX_SECONDS;
    if (!Number.isInteger(seconds) || seconds < 1 || seconds > most) {
      throw optionError(`seconds: ${seconds} must be whole seconds, 1 to ${most}`);
    }
    const path = `${pathOf(regId)}?ban=${seconds}` as const;
    return this.#calls.call<"removeRegistration">("DELETE", path, { isChange: true, signal });
  }

  /**
   * Lets a banned device register again. It is not an error if it is not banned.
   *
   * @returns `lifted` says whether it was
   */
  liftBan(regId: string, { signal }: CallOptions = {}): Promise<BanLiftAnswerBody> {
    const request = { isChange: true, signal };
    return this.#calls.call<"liftBan">("DELETE", `${pathOf(regId)}/ban`, request);
  }
}

checkArguments(Registrations.prototype, {
  page: [CURSOR_ARGUMENT, OPTIONS_ARGUMENT],
  list: [OPTIONS_ARGUMENT],
  remove: [textArgument("regId"), OPTIONS_ARGUMENT],
  liftBan: [textArgument("regId"), OPTIONS_ARGUMENT],
  // It checks its seconds itself.
  ban: [textArgument("regId")],
});
