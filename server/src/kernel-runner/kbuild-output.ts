/**
 * Finds out which modules made a build of many modules fail.
 *
 * @param output what make, compiler and modpost printed
 * @param modules each with the directory that it was built in and its name
 * @returns for each module that is named in an error, the lines that name it
 */
export function blameForErrors(
  output: string,
  modules: readonly { readonly directory: string; readonly name: string }[],
): Map<string, string[]> {
  const blame = new Map<string, string[]>();
  const lines = output.split('\n');
  for (const { directory, name } of modules) {
    const inDirectory = `${directory}/`;
    const wrong = lines.filter(
      (line) =>
        (line.includes(inDirectory) && /\berror:|\*\*\* |ERROR/.test(line)) ||
        (/^ERROR: /.test(line) && new RegExp(`(?:^|[\\s/"[])${escapeRegExp(name)}\\.k?o\\b`).test(line)) ||
        // modpost names it without path and suffix where it tells of namespaces.
        line.startsWith(`ERROR: modpost: module ${name} `),
    );
    if (wrong.length > 0) blame.set(name, wrong);
  }
  return blame;
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
