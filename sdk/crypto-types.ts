/**
 * Web Crypto types for the SDKs' declarations, derived from the runtime's global `crypto`: a server's TypeScript project may have neither
 * `lib: ["DOM"]` nor, with the types of Node, a global `CryptoKeyPair`.
 */

/** The global `crypto`. */
export type NativeCrypto = typeof crypto;

/** The key type of `crypto.subtle.sign`. */
export type NativeCryptoKey = Parameters<NativeCrypto["subtle"]["sign"]>[1];

export interface NativeKeyPair {
  readonly privateKey: NativeCryptoKey;
  readonly publicKey: NativeCryptoKey;
}
