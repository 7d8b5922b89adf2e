/** Takes the place of the package workerd, which whoever runs the mesh on Deno need not install. */
import { createRequire } from "node:module";
import { HostFailure } from "../../hosts/machine/failure.ts";

interface WorkerdPackage {
  readonly default: string;
  readonly compatibilityDate: string;
}

function load(): WorkerdPackage {
  try {
    return createRequire(import.meta.url)("workerd") as WorkerdPackage;
  } catch (error) {
    throw new HostFailure("workerd is not installed: install the package workerd beside the mesh", {
      cause: error,
    });
  }
}

export default {
  get default(): string {
    return load().default;
  },
  get compatibilityDate(): string {
    return load().compatibilityDate;
  },
};
