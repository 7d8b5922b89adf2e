/** The signers of docs/signing.md, in the languages that this machine has, against the vectors of signatures. */
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../support/process.ts";

interface Vector {
  readonly title: string;
  readonly algorithm: "hmac-sha256" | "ed25519";
  readonly keyId: string;
  readonly created: number;
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signatureInput: string;
  readonly signature: string;
}

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");
const vectors = JSON.parse(read("schema/vectors/signature.json"));
const SECRETS = {
  "hmac-sha256": vectors.hmacSecret,
  ed25519: `ed25519:${vectors.ed25519PrivateKey.d}`,
};

/** The first block of code in a language. */
const codeOf = (language: string): string =>
  read("docs/signing.md").split(`\`\`\`${language}\n`)[1]?.split("\n```")[0] ?? "";

/** What a program needs to sign the requests of all vectors. */
const requests = (vectors.cases as Vector[]).map(({ algorithm, headers, body, ...rest }) => ({
  ...rest,
  secret: SECRETS[algorithm],
  body: body ?? null,
  idempotencyKey: headers["idempotency-key"] ?? null,
}));

const PYTHON = `
import json, sys
def run(r):
    body = None if r["body"] is None else r["body"].encode()
    return sign(r["method"], r["url"], r["keyId"], r["secret"], body, r["idempotencyKey"], r["created"])
print(json.dumps([run(r) for r in json.load(sys.stdin)]))
`;

const PHP = `
$all = [];
foreach (json_decode(stream_get_contents(STDIN), true) as $r)
    $all[] = pushmesh_sign($r['method'], $r['url'], $r['keyId'], $r['secret'], $r['body'], $r['idempotencyKey'], $r['created']);
echo json_encode($all);
`;

const GO = `
package main

import (
	"encoding/json"
	"os"
)

func main() {
	var requests []struct {
		Method, Url, KeyId, Secret string
		Body, IdempotencyKey       *string
		Created                    int64
	}
	if err := json.NewDecoder(os.Stdin).Decode(&requests); err != nil {
		panic(err)
	}
	all := []map[string]string{}
	for _, r := range requests {
		var body []byte
		if r.Body != nil {
			body = []byte(*r.Body)
		}
		key := ""
		if r.IdempotencyKey != nil {
			key = *r.IdempotencyKey
		}
		headers, err := Sign(r.Method, r.Url, r.KeyId, r.Secret, body, key, r.Created)
		if err != nil {
			panic(err)
		}
		all = append(all, headers)
	}
	json.NewEncoder(os.Stdout).Encode(all)
}
`;

interface Language {
  readonly name: string;
  /** Tells whether this machine has it, and what its signer needs. */
  readonly probe: readonly string[];
  /** Writes the program. @returns how to run it */
  readonly program: (folder: string) => readonly string[];
}

function written(folder: string, name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const LANGUAGES: readonly Language[] = [
  {
    name: "python",
    probe: ["python3", "-c", "import cryptography"],
    program: (folder) => ["python3", written(folder, "signer.py", codeOf("python") + PYTHON)],
  },
  {
    name: "go",
    probe: ["go", "version"],
    program: (folder) => [
      ...["go", "run"],
      written(folder, "sign.go", codeOf("go").replace("package pushmesh", "package main")),
      written(folder, "main.go", GO),
    ],
  },
  {
    name: "php",
    probe: ["php", "-r", "sodium_crypto_sign_seed_keypair(str_repeat('x', 32));"],
    program: (folder) => ["php", written(folder, "signer.php", codeOf("php") + PHP)],
  },
];

const hasProgram = ([file = "", ...args]: readonly string[]): boolean =>
  spawnSync(file, args).status === 0;

describe.each(LANGUAGES)("the signer of docs/signing.md in $name", ({ probe, program }) => {
  // The project installs no other languages.
  test.skipIf(!hasProgram(probe))("P7.1 signs the requests of all vectors, byte for byte", () => {
    const folder = temporaryFolder();
    const [file = "", ...args] = program(folder);
    // Go keeps what it compiles.
    const env = { ...process.env, GOCACHE: join(folder, "cache"), HOME: folder };
    const output = execFileSync(file, args, { input: JSON.stringify(requests), env });
    const signed: Record<string, string>[] = JSON.parse(output.toString());
    expect(signed).toHaveLength(vectors.cases.length);
    signed.forEach((headers, at) => {
      const { title, ...vector } = vectors.cases[at] as Vector;
      expect([title, headers["signature-input"]]).toEqual([title, vector.signatureInput]);
      expect([title, headers["signature"]]).toEqual([title, vector.signature]);
      expect(headers).toMatchObject(vector.headers);
    });
  });
});
