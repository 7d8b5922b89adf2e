/**
 * Types of Web Crypto as the runtime itself has them, for the SDKs' declarations: a server's TypeScript project has neither
 * `lib: ["DOM"]` nor, with the types of Node, a global `CryptoKeyPair`.
 */

/** The global `crypto`. */
export type NativeCrypto = typeof crypto;

/** What `crypto.subtle` signs with. */
export type NativeCryptoKey = Parameters<NativeCrypto["subtle"]["sign"]>[1];

export interface NativeKeyPair {
  readonly privateKey: NativeCryptoKey;
  readonly publicKey: NativeCryptoKey;
}
