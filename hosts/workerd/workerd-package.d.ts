/** Types of the npm package workerd, which has none. It is CommonJS, so Node exposes its exports as the default export. */
declare module "workerd" {
  const workerd: {
    /** Path of the binary for this platform. */
    readonly default: string;
    /** The newest compatibility date that it supports. */
    readonly compatibilityDate: string;
  };
  export default workerd;
}
