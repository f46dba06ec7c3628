import type { Random } from './random.ts';

/** Pieces that C and its mistakes are made of. */
const PIECES = [
  ...'{}()[];,.=&*#"\'\\/<>?:!~|^%+-@$`'.split(''),
  ...'{ } }; { }, ( ); = { /* */ // #if #if\n#else\n #endif\n #define  #define X( \\\n @@X@@ -> .. ... ## __ 0x 0 -1 18446744073709551616'.split(
    ' ',
  ),
  ...(
    'static const struct union enum typedef int void return if else while for goto sizeof NULL true false __init __exit ' +
    'inline __attribute__((packed)) THIS_MODULE klp_patch klp_object klp_func klp_state klp_callbacks funcs objs patch states ' +
    '.old_name .new_func .old_sympos .name .funcs .callbacks .pre_patch .post_unpatch .mod .objs .replace .id .version ' +
    'klp_enable_patch(&patch) klp_shadow_get_or_alloc( klp_shadow_free_all( MODULE_INFO(livepatch,"Y"); MODULE_LICENSE("GPL"); ' +
    'module_init( module_exit( list_for_each_entry( SYSCALL_DEFINE1( "uptime_proc_show" IS_ENABLED( defined( ARRAY_SIZE('
  ).split(' '),
  '\n',
  '\r\n',
  '\t',
  '\n\n',
  '\u00e9',
  '\ud83d\ude42',
  '\ud83d',
  '\u0000',
  '\ufeff',
  '\u2028',
  '#if 0\n',
  '\n#elif X\n',
  '/* livepatch-ignore x: y */',
  '// livepatch-ignore\n',
  '[0 ... 9999999] = { }',
];

/** A text with some random edits: pieces put in, spans taken out, repeated, moved, spliced with another text. */
export function mutatedText(random: Random, text: string, other: string): string {
  let result = text;
  for (let edits = 1 + random.below(random.chance(0.2) ? 40 : 6); edits > 0; edits--)
    result = editedText(random, result, other);
  return result.slice(0, 200_000);
}

/** One random edit. */
export function editedText(random: Random, text: string, other: string): string {
  const { start, end, newText } = randomEdit(random, text, other);
  return text.slice(0, start) + newText + text.slice(end);
}

/** An edit of a text, as an editor would send it: offsets in UTF-16. */
export function randomEdit(
  random: Random,
  text: string,
  other: string,
): { start: number; end: number; newText: string } {
  const start = random.below(text.length + 1);
  const end = Math.min(text.length, start + random.below(random.chance(0.2) ? 400 : 12));
  switch (random.below(8)) {
    case 0:
      return { start, end, newText: '' };
    case 1:
      return { start, end: start, newText: text.slice(start, end) };
    case 2: {
      const from = random.below(other.length);
      return { start, end: random.chance(0.5) ? start : end, newText: other.slice(from, from + random.below(600)) };
    }
    case 3: {
      // A whole line goes or comes again.
      const from = text.lastIndexOf('\n', start) + 1;
      const to = text.indexOf('\n', start) + 1 || text.length;
      return random.chance(0.5)
        ? { start: from, end: to, newText: '' }
        : { start: from, end: from, newText: text.slice(from, to) };
    }
    case 4:
      return { start, end: Math.min(text.length, start + 1), newText: String.fromCharCode(random.below(0x80)) };
    case 5:
      return { start, end, newText: random.pick(PIECES).repeat(random.chance(0.05) ? 500 : 1) };
    default:
      return { start, end: start, newText: random.pick(PIECES) };
  }
}

/** Numbers that sizes and offsets go wrong with. */
const NUMBERS = [0, 1, 2, 3, 7, 8, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffe];

/** Bytes with some random changes: bits, numbers, spans taken out or repeated, cut off. */
export function mutatedBytes(random: Random, bytes: Uint8Array): Uint8Array {
  let result = Uint8Array.from(bytes);
  for (let edits = 1 + random.below(random.chance(0.2) ? 60 : 5); edits > 0; edits--)
    result = editedBytes(random, result);
  return result;
}

function editedBytes(random: Random, bytes: Uint8Array): Uint8Array {
  // Headers and tables stand in front; what is wrong there goes furthest.
  const at = random.below(random.chance(0.4) ? Math.min(bytes.length, 128) : bytes.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (random.below(7)) {
    case 0:
      if (bytes.length > 0) bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
      return bytes;
    case 1:
      if (at + 4 <= bytes.length) view.setUint32(at, random.pick(NUMBERS), true);
      return bytes;
    case 2:
      if (at + 2 <= bytes.length) view.setUint16(at, random.pick(NUMBERS) & 0xffff, random.chance(0.8));
      return bytes;
    case 3:
      if (at + 8 <= bytes.length) view.setBigUint64(at, BigInt(random.pick(NUMBERS)) << BigInt(random.below(33)), true);
      return bytes;
    case 4:
      return bytes.slice(0, random.chance(0.3) ? at : Math.max(0, bytes.length - random.below(64)));
    case 5: {
      const length = random.below(64);
      return joined(bytes.subarray(0, at), bytes.subarray(Math.min(bytes.length, at + length)));
    }
    default: {
      const length = random.below(64);
      return joined(bytes.subarray(0, at + length), bytes.subarray(at));
    }
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(a.length + b.length);
  bytes.set(a);
  bytes.set(b, a.length);
  return bytes;
}
