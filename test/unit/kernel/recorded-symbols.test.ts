import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { symbolsFrom } from '../../../server/src/kernel/knowledge-from.ts';

const FOLDER = new URL('../../fixtures/kernel-symbols/', import.meta.url);

/** What test/kernel/symbols.test.ts recorded: lines of a kernel's kallsyms, and which one it took for which position. */
interface Recording {
  readonly release: string;
  readonly kallsyms: readonly string[];
  /** `name object position address`; `-` for vmlinux, the last 48 bits of the address. */
  readonly answers: readonly string[];
}

describe.each(readdirSync(FOLDER))('positions that a kernel counted: %s', (file) => {
  const recording = JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as Recording;

  it.each([
    ['with addresses', (lines: readonly string[]) => lines],
    ['with addresses hidden', (lines: readonly string[]) => lines.map((line) => line.replace(/^\w+/, '0'.repeat(16)))],
  ])('are those of kallsyms, %s', (_, shown) => {
    const read = (lines: readonly string[]) =>
      symbolsFrom({ kallsyms: `${'0'.repeat(16)} T _text\n${lines.join('\n')}\n` }).tables;
    const tables = read(shown(recording.kallsyms));
    // Both list the same symbols in the same order: an index in one is that symbol in the other.
    const addresses = read(recording.kallsyms);
    for (const answer of recording.answers) {
      const [name = '', of = '', position = '', address] = answer.split(' ');
      const object = of === '-' ? null : of;
      const table = tables.get(object);
      if (!table) throw new Error(`no symbols of ${of}`);
      let symbol = table.find(name);
      for (let left = Number(position); ; symbol = table.after(symbol)) {
        if (table.object[symbol] === table.objectNumber(object) && --left === 0) break;
      }
      expect(addresses.get(object)?.address[symbol]?.toString(16), answer).toBe(address);
    }
    expect(recording.answers.length).toBeGreaterThan(400);
  });
});
