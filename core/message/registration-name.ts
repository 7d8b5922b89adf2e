/** Names a registration as a regId does. */
export interface RegistrationName {
  readonly app: string;
  readonly generation: number;
}
