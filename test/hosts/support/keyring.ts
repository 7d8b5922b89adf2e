/** The keys of a mesh. */
import { parseKeyring } from "../../../core/identity/keyring.ts";

const keyring = parseKeyring(`1:${Buffer.alloc(32, 7).toString("base64url")}`);
if (typeof keyring === "string") throw new Error(keyring);
export const KEYRING = keyring;
