/**
 * Breaks input for some minutes: `main.js ROOT --minutes N --seed S [--only TARGET] [--case N]`. A thread does the work; this one
 * watches that it goes on. Each failure is kept below .cache/fuzz, with the command that shows it again.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { loadParser } from '../../server/src/workspace/load-parser.ts';
import { type Failure, runCase } from './run-case.ts';
import { fuzzTargets } from './targets.ts';

interface Work {
  readonly root: string;
  readonly wasm: string;
  readonly seed: number;
  readonly only: string | null;
  readonly from: number;
  readonly to: number;
  readonly until: number;
  /** Target and number of the case under way, and how many are done. */
  readonly progress: SharedArrayBuffer;
}

/** A case that runs this long hangs. Milliseconds of waiting, on a machine that does other things, too. */
const HANGS = 60_000;
/** So many failures are enough for one run. */
const MOST_FAILURES = 20;

async function work({ root, wasm, seed, only, from, to, until, progress }: Work): Promise<void> {
  const state = new Int32Array(progress);
  const targets = fuzzTargets(await loadParser(wasm), root);
  for (let number = from; number < to && Date.now() < until; number++) {
    for (const [index, target] of targets.entries()) {
      if (only !== null && target.name !== only) continue;
      Atomics.store(state, 0, index);
      Atomics.store(state, 1, number);
      const failure = await runCase(target, seed, number);
      Atomics.add(state, 2, 1);
      if (failure) parentPort?.postMessage({ failure });
    }
  }
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      minutes: { type: 'string', default: '1' },
      seed: { type: 'string', default: '1' },
      only: { type: 'string' },
      case: { type: 'string' },
    },
  });
  const [root = '', wasm = ''] = positionals;
  const seed = Number(values.seed);
  const minutes = Number(values.minutes);
  if (!Number.isInteger(seed) || !(minutes > 0))
    throw new Error('--seed is a whole number, --minutes a number above 0');
  const until = Date.now() + minutes * 60_000;
  const one = values.case === undefined ? null : Number(values.case);
  const failures: string[] = [];
  let done = 0;
  let from = one ?? 0;
  const to = one === null ? Number.MAX_SAFE_INTEGER : one + 1;
  while (Date.now() < until && from < to && failures.length < MOST_FAILURES) {
    const progress = new SharedArrayBuffer(12);
    const data: Work = { root, wasm, seed, only: values.only ?? null, from, to, until, progress };
    const hung = await watch(
      data,
      (failure) => failures.push(keep(root, failure)),
      () => failures.length >= MOST_FAILURES,
    );
    done += Atomics.load(new Int32Array(progress), 2);
    if (hung === null) break;
    failures.push(
      keep(root, { target: `target ${hung.target}`, seed, number: hung.number, error: 'hangs', input: '' }),
    );
    from = hung.number + 1;
  }
  console.log(`${done} inputs, ${failures.length} failures, seed ${seed}`);
  return failures.length === 0 ? 0 : 1;
}

/** Runs a thread to its end. Resolves to the case at which it hangs, or null. */
function watch(
  data: Work,
  failed: (failure: Failure) => void,
  isEnough: () => boolean,
): Promise<{ target: number; number: number } | null> {
  const state = new Int32Array(data.progress);
  const worker = new Worker(__filename, { workerData: data });
  return new Promise((resolve, reject) => {
    let done = -1;
    let since = Date.now();
    const timer = setInterval(() => {
      const now = Atomics.load(state, 2);
      if (now !== done) [done, since] = [now, Date.now()];
      const hangs = Date.now() - since > HANGS;
      if (!hangs && !isEnough()) return;
      clearInterval(timer);
      void worker.terminate();
      resolve(hangs ? { target: Atomics.load(state, 0), number: Atomics.load(state, 1) } : null);
    }, 500);
    worker.on('message', ({ failure }: { failure: Failure }) => failed(failure));
    worker.on('error', (error) => {
      clearInterval(timer);
      reject(error);
    });
    worker.on('exit', () => {
      clearInterval(timer);
      resolve(null);
    });
  });
}

/** Writes a failure's input down and says how to see it again. */
function keep(root: string, { target, seed, number, error, input }: Failure): string {
  const folder = join(root, '.cache', 'fuzz');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${target.replaceAll(' ', '-')}-${seed}-${number}`);
  writeFileSync(file, input);
  const text = `${target}, case ${number}: ${error}\n  input: ${file}\n  again: npm run fuzz -- --seed ${seed} --only "${target}" --case ${number}\n`;
  writeFileSync(`${file}.txt`, text);
  console.error(text);
  return file;
}

if (isMainThread) {
  main().then(
    (status) => process.exit(status),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
} else void work(workerData as Work);
