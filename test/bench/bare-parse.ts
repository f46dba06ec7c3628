/** A process that loads tree-sitter and parses one file: `bare-parse.js DIST FILE`. Its whole life is what is measured. */
import { readFileSync } from 'node:fs';
import { loadBareParser } from './bare-parser.ts';

async function main(dist: string, file: string): Promise<void> {
  const parser = await loadBareParser(dist);
  parser.parse(readFileSync(file, 'utf8'))?.delete();
}

void main(process.argv[2] as string, process.argv[3] as string);
