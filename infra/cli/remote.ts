// How the command line speaks with the process that owns the data: one request per operation, one JSON object per line in the answer.

/** Where the owner answers, and the secret that only the owner of the folder can read. */
export interface Reachable {
  readonly url: string;
  readonly token: string;
}

/** An operation that could not be done; the message says why. */
export class OperationFailed extends Error {
  override readonly name = 'OperationFailed';
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** The last line of an answer that failed on its way. */
export interface FailedLine {
  readonly error: { readonly code: string; readonly message: string };
}

const isFailed = (line: object): line is FailedLine => 'error' in line && typeof line.error === 'object' && line.error !== null;

async function* linesOf(body: AsyncIterable<Uint8Array>): AsyncIterable<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}

/** Asks the owner for an operation; answers what it yields, as it comes. Throws OperationFailed. */
export async function* askOwner(owner: Reachable, operation: string, input: object, signal?: AbortSignal): AsyncIterable<object> {
  let response: Response;
  try {
    response = await fetch(owner.url, {
      method: 'POST',
      headers: { authorization: `Bearer ${owner.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ operation, input }),
      ...(signal && { signal }),
    });
  } catch (error) {
    if (signal?.aborted) return;
    throw new OperationFailed('control.unreachable', `The process that owns the data does not answer at ${owner.url}: ${String(error)}`);
  }
  if (!response.ok || !response.body)
    throw new OperationFailed('control.refused', `The process that owns the data refused: ${response.status}`);
  try {
    for await (const text of linesOf(response.body)) {
      if (text === '') continue;
      const line: object = JSON.parse(text);
      if (isFailed(line)) throw new OperationFailed(line.error.code, line.error.message);
      yield line;
    }
  } catch (error) {
    if (!signal?.aborted) throw error;
  }
}
