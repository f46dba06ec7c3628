/** What the interpreter's C code works on. Memory is cells; a pointer is the cell that it points to, NULL is 0. */
export type CValue = number | string | Cell | CArray | CFunction | undefined;

/** A variable, an element, a field, or what was allocated. Becomes a struct when somebody asks for a field. */
export class Cell {
  value: CValue;
  /** For a field: the struct that it is part of. */
  readonly owner: Cell | null;
  private readonly fields = new Map<string, Cell>();
  /** For a list head: its entries, first to last. */
  readonly entries: Cell[] = [];

  constructor(value?: CValue, owner: Cell | null = null) {
    this.value = value;
    this.owner = owner;
  }

  field(name: string): Cell {
    const cell = this.fields.get(name) ?? new Cell(undefined, this);
    this.fields.set(name, cell);
    return cell;
  }

  static struct(fields: Readonly<Record<string, CValue>>): Cell {
    const cell = new Cell();
    for (const [name, value] of Object.entries(fields)) cell.field(name).value = value;
    return cell;
  }
}

export class CArray {
  readonly cells: Cell[];

  constructor(length: number) {
    this.cells = Array.from({ length }, () => new Cell());
  }

  at(index: number): Cell {
    while (this.cells.length <= index && index < 1_000) this.cells.push(new Cell());
    const cell = this.cells[index];
    if (!cell) throw new Error(`array index ${index}`);
    return cell;
  }
}

export class CFunction {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** The kernel's printf: %s, %d, %u, %x, %lx, %zx, and %pGg for allocation flags, which are their own name here. */
export function printf(format: string, args: readonly CValue[]): string {
  let next = 0;
  return format.replace(/%(?:(%)|(s|pGg)|[lz]{0,2}([dux]))/g, (_, percent, text, number) => {
    if (percent) return '%';
    const arg = args[next++];
    if (text === 'pGg') return String(arg instanceof Cell ? arg.value : arg);
    if (text) return String(arg);
    if (typeof arg !== 'number') throw new Error(`"${format}" prints a ${typeof arg} as a number`);
    return arg.toString(number === 'x' ? 16 : 10);
  });
}
