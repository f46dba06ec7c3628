import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { BenchClient } from './client.ts';
import { generateModule } from './generated-module.ts';
import { median, pause, shown, table } from './measure.ts';
import type { BenchServer } from './servers.ts';

/** How many large modules are open for the memory's figure. */
const OPEN = 10;

/** Requests in a large module, beside a server that answers them with nothing; memory; rest. */
export async function requestTimes(
  server: BenchServer,
  echo: BenchServer,
  folder: string,
  names: readonly string[],
  rounds: number,
): Promise<string> {
  const module = generateModule({ functions: 500 }, names);
  const uriOf = (n: number) => {
    const file = join(folder, `large-${n}.c`);
    writeFileSync(file, module.text);
    return pathToFileURL(file).href;
  };
  const figures = async (script: BenchServer) => {
    const client = new BenchClient(script);
    await client.initialize();
    const uri = uriOf(0);
    await client.open(uri, module.text);
    let version = 1;
    const edit = async () => {
      version++;
      const place = module.numbers[250] ?? { line: 0, character: 0 };
      const end = { line: place.line, character: place.character + (version % 2) };
      void client.change(uri, version, [{ range: { start: place, end }, text: version % 2 === 0 ? '1' : '' }]);
    };
    const ask = (method: string, params: object = {}) =>
      client.connection.sendRequest(`textDocument/${method}`, { textDocument: { uri }, ...params });
    const afterEdit = (method: string, params: object = {}) =>
      median(rounds, async () => {
        void edit();
        await ask(method, params);
      });
    const completion = await median(rounds, () => ask('completion', { position: module.oldName }));
    const symbols = await afterEdit('documentSymbol');
    const hoverAfterEdit = await afterEdit('hover', { position: module.patchName });
    const hoverAgain = await median(rounds, () => ask('hover', { position: module.patchName }));
    for (let n = 1; n < OPEN; n++) await client.open(uriOf(n), module.text);
    await pause(1000);
    const memory = client.memory();
    const before = client.processorTime();
    await pause(1000);
    const rest = client.processorTime() - before;
    await client.stop();
    return { completion, symbols, hoverAfterEdit, hoverAgain, memory, rest };
  };
  const ours = await figures(server);
  const floor = await figures(echo);
  const row = (what: string, key: keyof typeof ours, unit: string) => [
    what,
    shown(ours[key], unit),
    shown(floor[key], unit),
  ];
  const rows = [
    row('Completion in `.old_name = "…"`', 'completion', 'ms'),
    row('Document symbols right after a key', 'symbols', 'ms'),
    row('Hover on the patch right after a key: a forecast', 'hoverAfterEdit', 'ms'),
    row('Hover on the patch again', 'hoverAgain', 'ms'),
    row(`Memory with ${OPEN} such modules open`, 'memory', 'MB'),
    row('Processor time in a second of rest', 'rest', 'ms'),
  ];
  return [
    '### Requests and memory',
    '',
    `A module of ${module.lines} lines.`,
    '',
    table(['', 'Ours', 'Echo'], rows),
  ].join('\n');
}
