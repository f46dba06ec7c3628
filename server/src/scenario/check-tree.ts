import { getNodeValue, type Node } from 'jsonc-parser';
import type { Schema } from '../../../shared/src/scenario/schema.ts';
import { closestName } from '../analysis/closest-name.ts';

/** Something that is wrong in a scenario's text, for people. Offsets are UTF-16 code units. */
export interface ScenarioError {
  readonly start: number;
  readonly end: number;
  readonly message: string;
}

/** What in a tree is not as the schema says. Knows the part of JSON schema that shared/src/scenario/schema.ts uses. */
export function checkTree(node: Node, schema: Schema): ScenarioError[] {
  const errors: ScenarioError[] = [];
  check(node, schema, errors);
  return errors;
}

/** The step among the alternatives that this object is: by its verb. Null when it has none of them. */
export function stepShape(node: Node, shapes: readonly Schema[]): Schema | null {
  const keys = new Set(properties(node).map(({ key }) => key));
  return shapes.find((shape) => keys.has(verbOf(shape))) ?? null;
}

export const verbOf = (shape: Schema): string => shape.required?.[0] ?? '';

export interface Property {
  readonly key: string;
  readonly keyNode: Node;
  readonly value: Node;
}

/** The properties of an object that have a value, in source order; none of what is no object. */
export function properties(node: Node): Property[] {
  if (node.type !== 'object') return [];
  return (node.children ?? []).flatMap(({ children }) => {
    const [keyNode, value] = children ?? [];
    return keyNode && value ? [{ key: String(keyNode.value), keyNode, value }] : [];
  });
}

export function errorAt(node: Node, message: string): ScenarioError {
  return { start: node.offset, end: node.offset + node.length, message };
}

/** `There is no KIND "x"; did you mean "y"?` */
export function unknownName(kind: string, name: string, names: readonly string[]): string {
  const near = closestName(name, names);
  return `There is no ${kind} "${name}"${near === null ? '.' : `; did you mean "${near}"?`}`;
}

function check(node: Node, schema: Schema, errors: ScenarioError[]): void {
  if (schema.anyOf) {
    checkAny(node, schema.anyOf, errors);
  } else if (schema.enum) {
    if (!schema.enum.includes(getNodeValue(node) as string)) errors.push(errorAt(node, enumMessage(node, schema.enum)));
  } else if (schema.type !== undefined && !hasType(node, schema.type)) {
    errors.push(errorAt(node, `This must be ${TYPES[schema.type]}, not ${typeOf(node)}.`));
  } else if (node.type === 'object') {
    checkObject(node, schema, errors);
  } else if (node.type === 'array') {
    const items = node.children ?? [];
    if (items.length < (schema.minItems ?? 0)) errors.push(errorAt(node, 'This list must not be empty.'));
    for (const item of items) if (schema.items) check(item, schema.items, errors);
  } else if (node.type === 'string') {
    if (String(node.value).length < (schema.minLength ?? 0)) errors.push(errorAt(node, 'This text must not be empty.'));
  } else if (node.type === 'number') {
    const { minimum = -Infinity, maximum = Infinity } = schema;
    const value = Number(node.value);
    if (value < minimum) errors.push(errorAt(node, `This must be ${minimum} at least.`));
    if (value > maximum) errors.push(errorAt(node, `This must be ${maximum} at most.`));
  }
}

function checkAny(node: Node, shapes: readonly Schema[], errors: ScenarioError[]): void {
  if (shapes.every((shape) => shape.type === 'object')) {
    checkStep(node, shapes, errors);
    return;
  }
  const found = shapes.map((shape) => {
    const own: ScenarioError[] = [];
    check(node, shape, own);
    return { shape, own };
  });
  if (found.some(({ own }) => own.length === 0)) return;
  const closest = found.find(({ shape }) => shape.type !== undefined && hasType(node, shape.type));
  if (closest) errors.push(...closest.own);
  else errors.push(errorAt(node, `This must be ${shapes.map(shapeText).join(' or ')}, not ${valueText(node)}.`));
}

/** Steps are told apart by their verb: what is wrong is said about the one that is meant. */
function checkStep(node: Node, shapes: readonly Schema[], errors: ScenarioError[]): void {
  if (node.type !== 'object') {
    errors.push(errorAt(node, `This must be an object, not ${typeOf(node)}.`));
    return;
  }
  const shape = stepShape(node, shapes);
  if (shape) {
    const verbs = properties(node).filter(({ key }) =>
      shapes.some(
        (other) =>
          verbOf(other) === key && other !== shape && !(shape.properties && Object.hasOwn(shape.properties, key)),
      ),
    );
    if (verbs[0])
      errors.push(
        errorAt(verbs[0].keyNode, `A step does one thing: "${verbOf(shape)}" and "${verbs[0].key}" need a step each.`),
      );
    else check(node, shape, errors);
    return;
  }
  const verbs = shapes.map(verbOf);
  const first = properties(node)[0];
  if (first) errors.push(errorAt(first.keyNode, unknownName('step', first.key, verbs)));
  else errors.push(errorAt(node, `A step needs one of ${verbs.join(', ')}.`));
}

function checkObject(node: Node, schema: Schema, errors: ScenarioError[]): void {
  const known = schema.properties ?? {};
  const seen = new Set<string>();
  for (const { key, keyNode, value } of properties(node)) {
    if (seen.has(key)) errors.push(errorAt(keyNode, `"${key}" stands here twice.`));
    seen.add(key);
    const own = Object.hasOwn(known, key) ? known[key] : undefined;
    if (own) check(value, own, errors);
    else if (schema.additionalProperties) check(value, schema.additionalProperties, errors);
    else errors.push(errorAt(keyNode, unknownName('key', key, Object.keys(known))));
  }
  for (const key of schema.required ?? []) {
    if (!seen.has(key)) errors.push({ start: node.offset, end: node.offset + 1, message: `"${key}" is missing.` });
  }
}

function hasType(node: Node, type: NonNullable<Schema['type']>): boolean {
  return type === 'integer' ? node.type === 'number' && Number.isSafeInteger(node.value) : node.type === type;
}

const TYPES: Readonly<Record<NonNullable<Schema['type']>, string>> = {
  object: 'an object',
  array: 'a list',
  string: 'a text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  null: 'null',
};

function typeOf(node: Node): string {
  return node.type === 'property' ? 'a property' : node.type === 'boolean' ? String(node.value) : TYPES[node.type];
}

function valueText(node: Node): string {
  return node.type === 'string' || node.type === 'number' ? JSON.stringify(node.value) : typeOf(node);
}

function shapeText(shape: Schema): string {
  if (shape.enum) return shape.enum.map((value) => JSON.stringify(value)).join(' or ');
  return shape.type === undefined ? 'something else' : TYPES[shape.type];
}

function enumMessage(node: Node, allowed: readonly (string | number | null)[]): string {
  const list = allowed.map((value) => JSON.stringify(value)).join(', ');
  const near = node.type === 'string' ? closestName(String(node.value), allowed.map(String)) : null;
  const meant = near === null ? '' : `; did you mean "${near}"?`;
  return meant === '' ? `This is ${valueText(node)}; it can be ${list}.` : `This is ${valueText(node)}${meant}`;
}
