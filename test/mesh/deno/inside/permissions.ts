/** Tries what a mesh on Deno has no use for, and prints what was let through. Argument: a folder that is the mesh's own. */
const [own = ""] = Deno.args;
/** Deno refuses imports by errors of no class of their own. */
const DENIED = /--no-remote is specified|--cached-only is specified|in the node_modules directory/;
/** A name that nothing resolves before it is asked for. */
const load = (name: string): Promise<unknown> => import(name);
const tries: Readonly<Record<string, () => unknown>> = {
  "its own folder": () => Deno.writeTextFileSync(`${own}/x`, "x"),
  "another file": () => Deno.readTextFileSync("/etc/passwd"),
  "its sources": () => Deno.readTextFileSync("package.json"),
  "its sources, written": () => Deno.writeTextFileSync("hosts/deno/serve.ts", "", { append: true }),
  "the folder above": () => Deno.writeTextFileSync(`${own}/../x`, "x"),
  "a link out of its folder": () => {
    Deno.symlinkSync("/etc/passwd", `${own}/link`);
    return Deno.readTextFileSync(`${own}/link`);
  },
  "another address": () => Deno.listen({ hostname: "0.0.0.0", port: 0 }),
  "another socket": () => Deno.listen({ transport: "unix", path: `${own}/other.sock` }),
  "the network": () => fetch("http://192.0.2.1/"),
  "another variable": () => Deno.env.get("PATH"),
  "all variables": () => Deno.env.toObject(),
  "a program": () => new Deno.Command("/bin/sh", { args: ["-c", "id"] }).outputSync(),
  "a module of another machine": () => load("https://raw.githubusercontent.com/a/b/main/secret.ts"),
  "a module of JSR": () => load("jsr:@a/secret"),
  "a module of npm": () => load("npm:not-installed-secret"),
  "a library": () => Deno.dlopen("libc.so.6", {}),
};
for (const [what, attempt] of Object.entries(tries)) {
  try {
    await attempt();
    console.log(what);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable || DENIED.test(`${error}`))) {
      console.log(`${what}: ${error}`);
    }
  }
}
