/** Options of the commands of a push service. */
import type { Command } from "commander";

/** `--folder`, `--socket`. */
export const withPlace = (command: Command): Command =>
  command
    .option(
      "--folder <dir>",
      "folder for the device of the push service (default: ~/.config/pushmesh/service)",
    )
    .option(
      "--socket <path>",
      "socket, in a folder that only you can open (default: $PUSHMESH_SERVICE, or in the folder)",
    );
