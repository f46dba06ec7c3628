import { closeSync, createReadStream, fsyncSync, openSync, truncateSync, writeSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { type HostResult, parseHostResult } from '../../../../shared/src/fleet/host-result.ts';
import { UsageError } from '../usage.ts';

/** The results in a file, one a line. Throws UsageError with the line that is none. */
export async function* readResults(path: string): AsyncGenerator<HostResult> {
  for await (const { result, line, number, last } of numberedResults(path)) {
    if (result) yield result;
    // The program that wrote it was ended in the middle of a line.
    else if (!last) throw new UsageError(`${path}:${number}: this is no result of a fleet: ${line.slice(0, 60)}`);
  }
}

interface NumberedResult {
  readonly result: HostResult | null;
  readonly line: string;
  readonly number: number;
  readonly last: boolean;
}

async function* numberedResults(path: string): AsyncGenerator<NumberedResult> {
  let number = 0;
  let held: string | null = null;
  const input = createReadStream(path, 'utf8');
  for await (const line of createInterface({ input, crlfDelay: Infinity })) {
    if (held !== null) yield { result: parseHostResult(held), line: held, number, last: false };
    number++;
    held = line;
  }
  if (held !== null) yield { result: parseHostResult(held), line: held, number, last: true };
}

/** A file that results are added to, so that a run can go on where an earlier one ended. */
export class ResultsFile {
  private readonly file: number;

  private constructor(file: number) {
    this.file = file;
  }

  /**
   * Opens or makes it. What an earlier run wrote is passed to `earlier`; a line that was cut when that run ended is taken
   * out, and its host is simulated again.
   *
   * @throws UsageError when the file holds something else, or results of another patch or of other options
   */
  static async open(path: string, run: string, earlier: (result: HostResult) => void): Promise<ResultsFile> {
    let whole = 0;
    const info = await stat(path).catch(() => null);
    if (info && !info.isFile()) throw new UsageError(`--results is "${path}", which is no file.`);
    if (info && info.size > 0) {
      for await (const { result, line, number, last } of numberedResults(path)) {
        if (!result && !last)
          throw new UsageError(`${path}:${number}: this is no result of a fleet: ${line.slice(0, 60)}`);
        if (!result) break;
        if (result.run !== run) {
          throw new UsageError(
            `${path}:${number}: this is a result of another patch or of other options. Name another file for this run.`,
          );
        }
        whole += Buffer.byteLength(line) + 1;
        earlier(result);
      }
    }
    try {
      const size = info?.size ?? 0;
      if (whole < size) truncateSync(path, whole);
      const file = openSync(path, 'a');
      // The next result must not be joined to a last line that lacks its newline.
      if (whole > size) writeSync(file, '\n');
      return new ResultsFile(file);
    } catch (error) {
      throw new UsageError(`${path} can't be written: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  add(result: HostResult): void {
    writeSync(this.file, `${JSON.stringify(result)}\n`);
  }

  close(): void {
    fsyncSync(this.file);
    closeSync(this.file);
  }
}
