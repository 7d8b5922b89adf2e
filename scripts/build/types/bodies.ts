/**
 * The bodies of the HTTPS API as plain types: what zod infers, written out. A package that shipped the inferred types would need zod, 8 MB, for
 * nothing but them.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { getLibFiles, ts } from "@ts-morph/common";

/** Deeper than any body; a type that refers to itself without a name would never end. */
const DEPTH_MAX = 12;

class Printer {
  readonly #checker: ts.TypeChecker;
  /** Names that are printed as they are. */
  readonly #named: ReadonlySet<ts.Symbol>;
  readonly #self: ts.Symbol;
  /** Those that were. */
  readonly used = new Set<string>();

  constructor(checker: ts.TypeChecker, named: ReadonlySet<ts.Symbol>, self: ts.Symbol) {
    this.#checker = checker;
    this.#named = named;
    this.#self = self;
  }

  print(type: ts.Type, depth = 0): string {
    const name = type.aliasSymbol ?? type.getSymbol();
    if ((type.flags & ts.TypeFlags.Any) !== 0) throw new Error(`${this.#self.name} has an any`);
    if (depth > DEPTH_MAX) throw new Error(`${this.#self.name} is too deep`);
    if (name !== undefined && this.#named.has(name) && (depth > 0 || name !== this.#self)) {
      this.used.add(name.name);
      return name.name;
    }
    if (type.isUnion()) return this.#union(type, depth);
    if (type.isIntersection())
      return type.types.map((each) => `(${this.print(each, depth + 1)})`).join(" & ");
    if (this.#checker.isArrayType(type) || this.#checker.isTupleType(type))
      return this.#list(type as ts.TypeReference, depth);
    if ((type.flags & ts.TypeFlags.Object) !== 0) return this.#object(type, depth);
    return this.#checker.typeToString(type, undefined, ts.TypeFormatFlags.NoTruncation);
  }

  #union(type: ts.UnionType, depth: number): string {
    const present = type.types.filter((each) => !isMissing(each));
    const texts = present.map((each) => this.print(each, depth + 1));
    // A boolean is the union of both.
    const rest = texts.filter((text) => text !== "true" && text !== "false");
    const isBoolean = texts.length - rest.length === 2;
    return (isBoolean ? [...rest, "boolean"] : texts).join(" | ");
  }

  #list(type: ts.TypeReference, depth: number): string {
    const items = this.#checker.getTypeArguments(type).map((each) => this.print(each, depth + 1));
    if (this.#checker.isTupleType(type)) {
      const isReadonly = (type.target as ts.TupleType).readonly;
      return `${isReadonly ? "readonly " : ""}[${items.join(", ")}]`;
    }
    const isReadonly = type.getSymbol()?.name === "ReadonlyArray";
    const item = /^\w+$/.test(items[0] ?? "") ? items[0] : `(${items[0]})`;
    return `${isReadonly ? "readonly " : ""}${item}[]`;
  }

  #object(type: ts.Type, depth: number): string {
    if (type.getCallSignatures().length > 0) throw new Error(`${this.#self.name} has a function`);
    const indexes = this.#checker.getIndexInfosOfType(type).map(({ keyType, type, isReadonly }) => {
      const key = this.#checker.typeToString(keyType);
      return `${isReadonly ? "readonly " : ""}[name: ${key}]: ${this.print(type, depth + 1)};`;
    });
    const members = type.getProperties().map((property) => {
      const isOptional = (property.flags & ts.SymbolFlags.Optional) !== 0;
      const text = this.print(this.#checker.getTypeOfSymbol(property), depth + 1);
      const name = /^[\w$]+$/.test(property.name) ? property.name : JSON.stringify(property.name);
      const type = `${this.#isReadonly(property) ? "readonly " : ""}${name}${isOptional ? "?" : ""}: ${text};`;
      return `${docOf(property, this.#checker)}${type}`;
    });
    return `{\n${[...indexes, ...members].join("\n").replaceAll(/^/gm, "  ")}\n}`;
  }

  #isReadonly(property: ts.Symbol): boolean {
    // Of a mapped type, as AnswerOf is, the flag is in what the checker keeps of the symbol.
    const READONLY = 8;
    const checkFlags = (property as { links?: { checkFlags?: number } }).links?.checkFlags ?? 0;
    if ((checkFlags & READONLY) !== 0) return true;
    const [declaration] = property.declarations ?? [];
    return (
      declaration !== undefined &&
      (ts.getCombinedModifierFlags(declaration) & ts.ModifierFlags.Readonly) !== 0
    );
  }
}

/** That a property may be left out, which is not to say that it may be undefined. */
const isMissing = (type: ts.Type): boolean =>
  (type as { debugIntrinsicName?: string }).debugIntrinsicName === "missing";

/** This TypeScript brings the declarations of the language as text, not as files. */
function hostWithLibs(folder: string, options: ts.CompilerOptions): ts.CompilerHost {
  const libs = join(folder, "lib");
  mkdirSync(libs);
  for (const { fileName, text } of getLibFiles()) writeFileSync(join(libs, fileName), text);
  const host = ts.createCompilerHost(options);
  host.getDefaultLibLocation = () => libs;
  host.getDefaultLibFileName = () => join(libs, ts.getDefaultLibFileName(options));
  return host;
}

const docOf = (symbol: ts.Symbol, checker: ts.TypeChecker): string => {
  const text = ts.displayPartsToString(symbol.getDocumentationComment(checker));
  return text === "" ? "" : `/** ${text.replaceAll("\n", "\n * ")} */\n`;
};

/** Whether a declaration stands for itself, without what zod infers. */
const isPlain = (symbol: ts.Symbol): boolean =>
  (symbol.declarations ?? []).every(
    (node) =>
      ts.isInterfaceDeclaration(node) ||
      (ts.isTypeAliasDeclaration(node) && !/\bz\.|typeof |AnswerOf/.test(node.type.getText())),
  );

/**
 * Writes `schema/http.d.ts` anew.
 *
 * @param folder of the declarations that tsc wrote
 */
export function writeBodies(folder: string): void {
  const file = join(folder, "schema/http.d.ts");
  const jsonFile = join(folder, "schema/json.d.ts");
  const options: ts.CompilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    allowImportingTsExtensions: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
  };
  const program = ts.createProgram([file, jsonFile], options, hostWithLibs(folder, options));
  const checker = program.getTypeChecker();
  const exportsOf = (path: string): ts.Symbol[] => {
    const source = program.getSourceFile(path);
    const module = source && checker.getSymbolAtLocation(source);
    if (module === undefined) throw new Error(`tsc wrote no ${path}`);
    return checker
      .getExportsOfModule(module)
      .map((each) =>
        (each.flags & ts.SymbolFlags.Alias) === 0 ? each : checker.getAliasedSymbol(each),
      );
  };
  const bodies = new Map(exportsOf(file).map((symbol) => [symbol.name, symbol]));
  const fromJson = exportsOf(jsonFile).filter(isInterface);
  const named = new Set([...fromJson, ...[...bodies.values()].filter(isPlain)]);
  const texts = new Map<string, string>();
  const imported = new Set<string>();
  const waiting = [...namesOfBodies(folder)];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const symbol = bodies.get(name);
    if (texts.has(name)) continue;
    if (symbol === undefined) throw new Error(`schema/http.d.ts has no ${name}`);
    if (isGeneric(symbol)) throw new Error(`${name} has type parameters: name the body itself`);
    const printer = new Printer(checker, named, symbol);
    const text = printer.print(checker.getDeclaredTypeOfSymbol(symbol));
    texts.set(
      name,
      `${docOf(symbol, checker)}export ${isInterface(symbol) ? `interface ${name} ${text}` : `type ${name} = ${text};`}`,
    );
    for (const used of printer.used)
      if (bodies.has(used)) waiting.push(used);
      else imported.add(used);
  }
  const json = `import type { ${[...imported].sort().join(", ")} } from "./json.ts";`;
  const types = [...texts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text);
  writeFileSync(file, `${[json, ...types].join("\n")}\n`);
}

const isGeneric = (symbol: ts.Symbol): boolean =>
  (symbol.declarations ?? []).some(
    (node) => ts.isTypeAliasDeclaration(node) && node.typeParameters !== undefined,
  );

const isInterface = ({ flags }: ts.Symbol): boolean => (flags & ts.SymbolFlags.Interface) !== 0;

/** What the declarations of the SDKs import of the bodies. */
function namesOfBodies(folder: string): Set<string> {
  const names = new Set<string>();
  for (const file of readdirSync(join(folder, "sdk"), { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".d.ts")) continue;
    const source = ts.createSourceFile(
      file,
      readFileSync(join(folder, "sdk", file), "utf8"),
      ts.ScriptTarget.ES2022,
    );
    for (const node of source.statements) {
      if (!ts.isImportDeclaration(node) && !ts.isExportDeclaration(node)) continue;
      const { moduleSpecifier } = node;
      if (moduleSpecifier === undefined || !ts.isStringLiteral(moduleSpecifier)) continue;
      if (!moduleSpecifier.text.endsWith("/schema/http.ts")) continue;
      const clause = ts.isImportDeclaration(node)
        ? node.importClause?.namedBindings
        : node.exportClause;
      if (clause === undefined || !("elements" in clause)) throw new Error(`${file} names no body`);
      for (const { propertyName, name } of clause.elements) names.add((propertyName ?? name).text);
    }
  }
  return names;
}
