import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { SourceKnowledge } from '../../../server/src/workspace/source-knowledge.ts';
import { SourceTree } from '../../../server/src/workspace/source-tree.ts';
import { parser } from '../../support/parser.ts';

let root: string;
let tree: SourceTree;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'livepatch-source-'));
  mkdirSync(join(root, 'mm'));
  mkdirSync(join(root, 'include'));
  writeFileSync(
    join(root, 'mm/a.c'),
    'static notrace int first(void)\n{\n\treturn 0;\n}\n\nint second(int x)\n{\n\treturn x;\n}\n',
  );
  writeFileSync(join(root, 'include/a.h'), 'static inline int third(void)\n{\n\treturn 0;\n}\n');
  tree = new SourceTree(root, Promise.resolve(parser));
  return () => rmSync(root, { recursive: true, force: true });
});

describe('what a source tree says of functions', () => {
  it('is found for all names at once, in files and in headers', async () => {
    const knowledge = new SourceKnowledge();
    expect(await knowledge.want(['first', 'second', 'third', 'nowhere'], () => tree)).toBe(true);
    expect(Object.fromEntries(knowledge.facts)).toMatchObject({
      first: [{ place: 'mm/a.c:1', attributes: ['notrace'], inline: false }],
      second: [{ place: 'mm/a.c:6', attributes: [] }],
      third: [{ place: 'include/a.h:1', inline: true }],
      nowhere: [],
    });
    expect(await knowledge.want(['second', 'nowhere'], () => tree), 'nothing new').toBe(false);
  });

  it('goes away with the tree', async () => {
    const knowledge = new SourceKnowledge();
    await knowledge.want(['first'], () => tree);
    expect(await knowledge.want(['first'], () => null)).toBe(true);
    expect(knowledge.facts.size).toBe(0);
  });

  it('is not waited for when nobody wants it any more', async () => {
    const knowledge = new SourceKnowledge();
    await knowledge.want([], () => tree);
    const typed = knowledge.want(['fir'], () => tree);
    expect(await knowledge.want(['first'], () => tree)).toBe(true);
    expect(await typed).toBe(false);
    expect([...knowledge.facts.keys()]).toEqual(['first']);
  });
});
