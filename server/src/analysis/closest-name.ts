/**
 * The name of a list that somebody who wrote `name` most likely meant, or null when none is near:
 * one of the two begins with the other, or at most a third of its letters differ.
 */
export function closestName(name: string, candidates: readonly string[]): string | null {
  const wanted = name.toLowerCase();
  let best: string | null = null;
  let bestDistance = Math.max(2, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = distanceBetween(wanted, candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function distanceBetween(wanted: string, candidate: string): number {
  const shorter = Math.min(wanted.length, candidate.length);
  if (shorter >= 4 && wanted.slice(0, shorter) === candidate.slice(0, shorter)) return 1;
  return editDistance(wanted, candidate);
}

/** Levenshtein's distance: how many letters have to be put in, taken out or exchanged. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const exchanged = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(exchanged, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
