/** A place in the text of the diff, in UTF-16 code units; `end` is not part of it. */
export interface DiffSpan {
  readonly start: number;
  readonly end: number;
}

export interface DiffLine extends DiffSpan {
  readonly kind: 'context' | 'added' | 'removed';
  /** Without the marker in the first column and without the line's end: what stands from `start` to `end`. */
  readonly text: string;
}

export interface DiffHunk {
  /** The line of the file at which it begins, before and after the change, from 1. */
  readonly oldStart: number;
  readonly newStart: number;
  /** What stands behind the second `@@`: the line that opens the function or type, as git or `diff -p` found it. */
  readonly heading: string;
  readonly lines: readonly DiffLine[];
}

export interface DiffFile {
  /** Relative to the source tree; null when the file is not there before, or after, the change. */
  readonly oldPath: string | null;
  readonly newPath: string | null;
  /** The path after the change, or before it for a file that is deleted. */
  readonly path: string;
  /** Where the path stands in the diff. */
  readonly pathSpan: DiffSpan;
  readonly binary: boolean;
  readonly hunks: readonly DiffHunk[];
}

export interface Diff {
  /** What the diff itself is called. */
  readonly file: string;
  readonly text: string;
  readonly files: readonly DiffFile[];
}

interface Line extends DiffSpan {
  readonly text: string;
}

interface FileParts {
  oldPath: string | null;
  newPath: string | null;
  pathSpan: DiffSpan;
  binary: boolean;
  hunks: DiffHunk[];
  /** Its `---` and `+++` lines were read. */
  named: boolean;
}

const HUNK = /^@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@(?: (.*))?$/;
/** Longer lines are no header: paths end far before. */
const MAX_HEADER = 9000;

/**
 * Reads a unified diff, as git or `diff -u` write it, with whatever stands around it (mail headers, commit message).
 * Takes any text and never throws: what is no diff is passed over, a hunk that is cut off has the lines that are there.
 * The time is linear in the length of the text.
 */
export function parseDiff(file: string, text: string): Diff {
  const lines = linesOf(text);
  const files: FileParts[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] as Line;
    if (line.text.length > MAX_HEADER) continue;
    const current = files.at(-1);
    const names = line.text.startsWith('--- ') ? fileNames(line, lines[at + 1]) : null;
    if (names) {
      if (current && !current.named && !current.binary) Object.assign(current, names);
      else files.push({ ...names, binary: false, hunks: [] });
      at++;
    } else if (line.text.startsWith('diff --git ')) files.push(gitFile(line));
    else if (current && !current.named) extendedHeader(line, current);
    const match = current?.named ? HUNK.exec(line.text) : null;
    if (current && match) {
      const hunk = readHunk(lines, at + 1, match);
      current.hunks.push(hunk);
      at = hunk.next - 1;
    }
  }
  return { file, text, files: files.flatMap(finished) };
}

function linesOf(text: string): Line[] {
  const lines: Line[] = [];
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf('\n', start);
    const next = newline < 0 ? text.length : newline;
    const end = newline > start && text[newline - 1] === '\r' ? newline - 1 : next;
    lines.push({ start, end, text: text.slice(start, end) });
    start = next + 1;
  }
  return lines;
}

/** What `diff --git a/PATH b/PATH` says; renamed files and those with blanks in their names say it again further down. */
function gitFile(line: Line): FileParts {
  const rest = line.text.slice('diff --git '.length);
  const half = rest.length >> 1;
  const [before, after] = [rest.slice(0, half), rest.slice(half + 1)];
  const same = before.slice(before.indexOf('/')) === after.slice(after.indexOf('/')) ? stripped(before, after) : null;
  return {
    oldPath: same?.oldPath ?? null,
    newPath: same?.newPath ?? null,
    pathSpan: { start: line.start + 'diff --git '.length, end: line.end },
    binary: false,
    hunks: [],
    named: false,
  };
}

/** The lines between `diff --git` and the first hunk. */
function extendedHeader(line: Line, file: FileParts): void {
  const moved = /^(?:rename|copy) (from|to) (.+)$/.exec(line.text);
  if (moved?.[1] === 'from') file.oldPath = moved[2] ?? null;
  else if (moved) {
    file.newPath = moved[2] ?? null;
    file.pathSpan = { start: line.end - (moved[2] ?? '').length, end: line.end };
  } else if (line.text.startsWith('new file mode ')) file.oldPath = null;
  else if (line.text.startsWith('deleted file mode ')) file.newPath = null;
  else if (/^(?:GIT binary patch$|Binary files .* differ$)/.test(line.text)) file.binary = true;
}

function fileNames(
  line: Line,
  next: Line | undefined,
): Pick<FileParts, 'oldPath' | 'newPath' | 'pathSpan' | 'named'> | null {
  if (!next?.text.startsWith('+++ ') || next.text.length > MAX_HEADER) return null;
  const [before, after] = [headerName(line.text), headerName(next.text)];
  const names = stripped(before, after);
  const [place, name, path] =
    names.newPath === null ? [line, before, names.oldPath ?? ''] : [next, after, names.newPath];
  const end = place.start + place.text.indexOf(name, 4) + name.length;
  return { ...names, pathSpan: { start: end - path.length, end }, named: true };
}

/** The path in `--- PATH` or `+++ PATH`, without the time that some tools write behind it. */
function headerName(text: string): string {
  const [name = ''] = text.slice(4).split('\t', 1);
  return name.replace(/^"(.*)"$/, '$1').trim();
}

/** Paths from the source tree on, without what `patch -p1` takes off. */
function stripped(before: string, after: string): { oldPath: string | null; newPath: string | null } {
  const [oldRest, newRest] = [withoutFirst(before), withoutFirst(after)];
  const treesDiffer = oldRest !== null && oldRest === newRest && before !== after;
  const strip = (name: string, rest: string | null, prefix: string): string | null => {
    if (name === '/dev/null' || name === '') return null;
    return rest !== null && (treesDiffer || name.startsWith(prefix)) ? rest : name;
  };
  return { oldPath: strip(before, oldRest, 'a/'), newPath: strip(after, newRest, 'b/') };
}

function withoutFirst(path: string): string | null {
  const slash = path.indexOf('/');
  return slash <= 0 || slash === path.length - 1 ? null : path.slice(slash + 1);
}

/** The lines of a hunk, as many as its header says; `next` is the first line behind it. */
function readHunk(lines: readonly Line[], from: number, header: RegExpExecArray): DiffHunk & { readonly next: number } {
  const [, oldStart, oldCount = '1', newStart, newCount = '1', heading = ''] = header;
  let [oldLeft, newLeft, next] = [Number(oldCount), Number(newCount), from];
  const found: DiffLine[] = [];
  for (; next < lines.length && (oldLeft > 0 || newLeft > 0); next++) {
    const line = lines[next] as Line;
    // "\ No newline at end of file"
    if (line.text.startsWith('\\')) continue;
    const kind = kindOf(line.text);
    if (kind === null) break;
    if (kind !== 'added') oldLeft--;
    if (kind !== 'removed') newLeft--;
    found.push({ kind, start: Math.min(line.start + 1, line.end), end: line.end, text: line.text.slice(1) });
  }
  return { oldStart: Number(oldStart), newStart: Number(newStart), heading, lines: found, next };
}

function kindOf(text: string): DiffLine['kind'] | null {
  // Mailers and editors take the blank off an empty line of context.
  if (text === '' || text.startsWith(' ')) return 'context';
  if (text.startsWith('+')) return 'added';
  return text.startsWith('-') ? 'removed' : null;
}

function finished({ oldPath, newPath, pathSpan, binary, hunks }: FileParts): DiffFile[] {
  const path = newPath ?? oldPath;
  return path === null ? [] : [{ oldPath, newPath, path, pathSpan, binary, hunks }];
}
