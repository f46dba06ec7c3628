import { type CancellationToken, LSPErrorCodes, ResponseError } from 'vscode-languageserver';

export interface RequestHost {
  /** Changes whenever the answer for a document may be another; null when the document is not open. */
  generationOf(uri: string): number | null;
  /** One line for the log. */
  log(message: string): void;
  /** Something went wrong in a request; for the log and for people. */
  failed(request: string, error: unknown): void;
}

export interface RequestOptions<R> {
  /** The answer when the handler failed. */
  readonly fallback: R;
  /** What to answer instead of a result that an edit made worthless. */
  readonly outdated?: () => ResponseError<unknown>;
}

/** Slower answers are noted in the log. Milliseconds. */
const SLOW = 500;

/**
 * Every request runs through here. It first lets the message that waits behind it go ahead, so that a cancellation or an edit
 * is seen before any work; then it runs the handler, and answers exactly once:
 * with the result, or `RequestCancelled`, or `ContentModified` when the document changed since the request came,
 * or the fallback when the handler failed, which is logged. A handler that takes long asks `isWanted` now and then.
 */
export function requestHandler<P extends object, R>(
  name: string,
  host: RequestHost,
  { fallback, outdated = contentModified }: RequestOptions<R>,
  handle: (params: P, isWanted: () => boolean) => R | Promise<R>,
): (params: P, token: CancellationToken) => Promise<R> {
  return async (params, token) => {
    const started = performance.now();
    const uri = documentOf(params);
    const generation = uri === null ? null : host.generationOf(uri);
    const worthless = (): ResponseError<unknown> | null => {
      if (token.isCancellationRequested) return new ResponseError(LSPErrorCodes.RequestCancelled, `${name} cancelled`);
      return uri !== null && host.generationOf(uri) !== generation ? outdated() : null;
    };
    let result = fallback;
    // The connection takes a message in each turn of the event loop, and its turn comes after what this one has queued.
    for (let turns = 0; turns < 2; turns++) await new Promise((resolve) => setImmediate(resolve));
    if (!worthless()) {
      try {
        result = await handle(params, () => worthless() === null);
      } catch (error) {
        if (!worthless()) host.failed(name, error);
      }
    }
    const took = performance.now() - started;
    if (took > SLOW) host.log(`${name} took ${Math.round(took)} ms`);
    const error = worthless();
    // The connection answers with what is thrown.
    if (error) throw error;
    return result;
  };
}

function contentModified(): ResponseError<unknown> {
  return new ResponseError(LSPErrorCodes.ContentModified, 'The document was edited in the meantime');
}

function documentOf(params: object): string | null {
  const document: unknown = 'textDocument' in params ? params.textDocument : null;
  if (typeof document !== 'object' || document === null || !('uri' in document)) return null;
  return typeof document.uri === 'string' ? document.uri : null;
}
