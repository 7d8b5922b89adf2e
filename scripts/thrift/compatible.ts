/** Whether an IDL can still talk to peers that were built from a released one. */
import type { IdlConst, IdlDefinition, IdlEnum, IdlField, IdlStruct, IdlType } from "./idl.ts";

/**
 * What in `current` breaks a peer of `released`, a sentence each; empty if nothing does.
 *
 * Free are: new definitions, new optional fields, new fields of a union, comments and order. A released
 * field stays in the IDL even when nobody writes it any more: that is what keeps its ID from being used again.
 */
export function incompatibilities(
  released: readonly IdlDefinition[],
  current: readonly IdlDefinition[],
): string[] {
  const byName = new Map(current.map((definition) => [definition.name, definition]));
  return released.flatMap((before) => {
    const after = byName.get(before.name);
    if (after === undefined) return [`${before.name} is gone`];
    if (before.kind === "const" && after.kind === "const") return constChanges(before, after);
    if (before.kind === "enum" && after.kind === "enum") return enumChanges(before, after);
    if (before.kind === "struct" && after.kind === "struct") return structChanges(before, after);
    if (before.kind === "union" && after.kind === "union") return structChanges(before, after);
    return [`${before.name} was a ${before.kind} and is a ${after.kind}`];
  });
}

function constChanges(before: IdlConst, after: IdlConst): string[] {
  if (before.value === after.value) return [];
  return [`${before.name} was ${before.value} and is ${after.value}`];
}

function enumChanges(before: IdlEnum, after: IdlEnum): string[] {
  const changes: string[] = [];
  for (const { name, value } of before.members) {
    const now = after.members.find((member) => member.name === name);
    if (now === undefined) changes.push(`${before.name}.${name} is gone`);
    else if (now.value !== value) {
      changes.push(`${before.name}.${name} was ${value} and is ${now.value}`);
    }
  }
  for (const { name } of after.members) {
    // A reader refuses a value it does not know, and with it the whole frame.
    if (!before.members.some((member) => member.name === name)) {
      changes.push(`${before.name}.${name} is new: released readers refuse it`);
    }
  }
  return changes;
}

function structChanges(before: IdlStruct, after: IdlStruct): string[] {
  const changes: string[] = [];
  for (const field of before.fields) {
    const now = after.fields.find(({ id }) => id === field.id);
    changes.push(...fieldChanges(`${before.name} field ${field.id}`, field, now));
  }
  for (const field of after.fields) {
    const added = !before.fields.some(({ id }) => id === field.id);
    if (added && field.required) {
      changes.push(`${before.name} field ${field.id}, ${field.name}, is new and required`);
    }
  }
  return changes;
}

function fieldChanges(path: string, before: IdlField, after: IdlField | undefined): string[] {
  if (after === undefined) return [`${path}, ${before.name}, is gone`];
  const changes: string[] = [];
  if (before.name !== after.name) changes.push(`${path} was ${before.name} and is ${after.name}`);
  if (typeText(before.type) !== typeText(after.type)) {
    changes.push(`${path} was ${typeText(before.type)} and is ${typeText(after.type)}`);
  }
  if (!before.required && after.required) changes.push(`${path} was optional and is required`);
  if (before.required && !after.required) {
    changes.push(
      `${path} was required and is optional: released readers refuse a frame without it`,
    );
  }
  return changes;
}

function typeText(type: IdlType): string {
  if (type.kind === "list") return `list<${typeText(type.of)}>`;
  return "name" in type ? type.name : type.kind;
}
