/** One bit for each letter in either case, one for all digits, one for everything else. */
export function letterBit(byte: number): number {
  const letter = (byte | 0x20) - 0x61;
  if (letter >= 0 && letter < 26) return 1 << letter;
  return byte >= 0x30 && byte <= 0x39 ? 1 << 26 : 1 << 27;
}

/** A letter (its code) in lower case; what is none as it is. */
export function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
}

/** A text in lower case, a byte for each character; what is beyond Latin 1 is 0xff, which no name has. */
export function lowerBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => lower(Math.min(character.charCodeAt(0), 0xff)));
}
