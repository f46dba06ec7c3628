/**
 * C text with its comments, string contents and character constants turned into blanks. Line breaks stay, and so does
 * every offset: for rules that look at the shape of a function's text.
 */
export function withoutCommentsAndStrings(text: string): string {
  return text.replace(
    /\/\*[\s\S]*?(?:\*\/|$)|\/\/[^\n]*|"(?:\\[\s\S]|[^"\\\n])*"?|'(?:\\[\s\S]|[^'\\\n])*'?/g,
    (piece) => {
      const quote = piece[0] === '"' || piece[0] === "'" ? piece[0] : ' ';
      const blank = piece.replace(/[^\n]/g, ' ');
      return quote === ' ' || piece.length < 2 ? blank : quote + blank.slice(2) + quote;
    },
  );
}

/** How many `{` are open at each offset of a text without comments and strings, the text's own first one included. */
export function braceDepths(text: string): number[] {
  let depth = 0;
  return text.split('').map((character) => {
    if (character === '{') depth++;
    if (character === '}') depth--;
    return depth;
  });
}
