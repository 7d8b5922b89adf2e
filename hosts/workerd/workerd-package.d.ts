/** The npm package workerd brings no types. It is CommonJS, and so Node gives its exports as the default one. */
declare module "workerd" {
  const workerd: {
    /** Path of the binary for this platform. */
    readonly default: string;
    /** The newest compatibility date that it takes. */
    readonly compatibilityDate: string;
  };
  export default workerd;
}
