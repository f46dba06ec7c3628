import type { Parameter, Prototype, StructLayout, StructMember } from './knowledge.ts';
import type { TypeSource } from './table-knowledge.ts';

/**
 * The format of the built-in reference kernel's types, before compression: lines of text.
 *
 * First a line for each function of vmlinux that ftrace can hook, each name once, in the order of the names, then those of
 * each module; the names themselves are those of the symbols. A line is empty, or the return type and the parameters between `|`, each
 * parameter its type, a tab and its name; `...` is the last of a variadic function. Then an empty line, then a line for
 * each structure in the order of names: name, `s` or `u`, size and members between `|`, each member its type, a tab, its
 * name, a tab and its offset, which is left out where it follows from the member before.
 */
const SEPARATOR = '|';

/** Functions of one object that ftrace can hook, in order, and what knows their prototypes (null: nothing does). */
export interface TypedFunctions {
  readonly names: readonly string[];
  readonly types: TypeSource | null;
}

/**
 * What is known of functions, and of structures of the kernel. Functions whose C text can't be made from it are left out.
 *
 * @param objects vmlinux, then the modules in the order of the symbols
 */
export function encodeTypes(objects: readonly TypedFunctions[], structures: readonly string[]): Uint8Array {
  const functions = objects.flatMap(({ names, types }) => names.map((name) => functionLine(types?.prototype(name))));
  const kernel = objects[0]?.types;
  const lines = [...structures].sort().flatMap((name) => {
    const layout = kernel?.layout(name);
    return layout ? [layoutLine(layout)] : [];
  });
  return new TextEncoder().encode(`${functions.join('\n')}\n\n${lines.join('\n')}\n`);
}

function functionLine(prototype: Prototype | null | undefined): string {
  if (!prototype || prototypeText(prototype.returns, prototype.parameters, prototype.variadic) !== prototype.text) {
    return '';
  }
  const parameters = prototype.parameters.map(({ type, name: own }) => `${type}\t${own ?? ''}`);
  return [prototype.returns, ...parameters, ...(prototype.variadic ? ['...'] : [])].join(SEPARATOR);
}

/** Where a function stands in the order of all objects' functions. */
export interface FunctionOrder {
  /** How many there are. */
  readonly count: number;
  /** -1 when it is not among them. `object` is null for vmlinux. */
  placeOf(name: string, object: string | null): number;
}

/** The types of the reference kernel. A line is read when somebody asks for it. */
export class ReferenceTypes implements TypeSource {
  private readonly text: Uint8Array;
  private readonly order: FunctionOrder;
  /** Of lines. */
  private readonly starts: Uint32Array;
  private structures: ReadonlyMap<string, number> | null = null;

  /**
   * @param order of the functions that ftrace can hook, each name of an object once
   * @param text see above
   */
  constructor(order: FunctionOrder, text: Uint8Array) {
    this.order = order;
    this.text = text;
    this.starts = lineStarts(text);
  }

  /** What is known of a module's functions. Structures are only known of vmlinux. */
  ofModule(module: string): TypeSource {
    return { prototype: (name) => this.prototype(name, module), layout: () => null };
  }

  prototype(name: string, object: string | null = null): Prototype | null {
    const place = this.order.placeOf(name, object);
    const line = place < 0 ? '' : this.line(place);
    if (line === '') return null;
    const [returns = '', ...rest] = line.split(SEPARATOR);
    const variadic = rest.at(-1) === '...';
    const parameters = (variadic ? rest.slice(0, -1) : rest).map((text): Parameter => {
      const [type = '', own = ''] = text.split('\t');
      return { name: own === '' ? null : own, type };
    });
    return { text: prototypeText(returns, parameters, variadic), returns, parameters, variadic, linkage: null };
  }

  layout(name: string): StructLayout | null {
    if (!this.structures) {
      const structures = new Map<string, number>();
      const { order, starts } = this;
      for (let line = order.count + 1; line < starts.length - 1; line++) {
        const text = this.line(line);
        structures.set(text.slice(0, text.indexOf(SEPARATOR)), line);
      }
      this.structures = structures;
    }
    const line = this.structures.get(name);
    return line === undefined ? null : readLayout(this.line(line));
  }

  private line(number: number): string {
    const { starts } = this;
    const start = starts[number];
    const end = starts[number + 1];
    return start === undefined || end === undefined ? '' : DECODER.decode(this.text.subarray(start, end - 1));
  }
}

const DECODER = new TextDecoder();

/** Where each line begins, and where one behind the last would. */
function lineStarts(text: Uint8Array): Uint32Array {
  const starts: number[] = [0];
  for (let at = text.indexOf(0x0a); at >= 0; at = text.indexOf(0x0a, at + 1)) starts.push(at + 1);
  return Uint32Array.from(starts);
}

/** The C text of a prototype whose return type needs nothing behind the parameters. */
function prototypeText(returns: string, parameters: readonly Parameter[], variadic: boolean): string {
  const types = [...parameters.map(({ type }) => type), ...(variadic ? ['...'] : [])];
  return `${returns}(${types.join(', ') || 'void'})`;
}

function layoutLine({ name, kind, size, members }: StructLayout): string {
  const texts = members.map((member, index) => {
    const expected = offsetAfter(members[index - 1]);
    return `${member.type}\t${member.name ?? ''}${member.offset === expected ? '' : `\t${member.offset}`}`;
  });
  return [name, kind === 'union' ? 'u' : 's', size, ...texts].join(SEPARATOR);
}

function readLayout(line: string): StructLayout {
  const [name = '', kind, size, ...texts] = line.split(SEPARATOR);
  const members: StructMember[] = [];
  for (const text of texts) {
    const [type = '', own = '', offset] = text.split('\t');
    const at = offset === undefined ? offsetAfter(members.at(-1)) : Number(offset);
    members.push({ name: own === '' ? null : own, type, offset: at });
  }
  return { name, kind: kind === 'u' ? 'union' : 'struct', size: Number(size), members };
}

/** Sizes of types that everybody knows on 64 bits. Bits. */
const SIZES: ReadonlyMap<string, number> = new Map([
  ['int', 32],
  ['unsigned int', 32],
  ['u32', 32],
  ['__u32', 32],
  ['atomic_t', 32],
  ['long', 64],
  ['unsigned long', 64],
  ['u64', 64],
  ['__u64', 64],
  ['size_t', 64],
  ['bool', 8],
  ['u8', 8],
  ['__u8', 8],
  ['unsigned char', 8],
  ['u16', 16],
  ['__u16', 16],
  ['struct list_head', 128],
]);

/** Where a member begins that comes right behind another. Only a guess, but the same one on both sides. */
function offsetAfter(member: StructMember | undefined): number {
  if (!member) return 0;
  const size = /\*|\(\*/.test(member.type) && !member.type.includes('[') ? 64 : (SIZES.get(member.type) ?? 0);
  return member.offset + size;
}
