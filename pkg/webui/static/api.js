// Requests to the API: the token, what to do when there is no answer, and errors.
import {t} from './text.js';
import {token, askForToken} from './token.js';

const patience = 10_000; // ms for one attempt

// Problem is why a request came to nothing: the server's own reason (RFC 9457),
// or that there was no answer (status 0).
export class Problem extends Error {
  constructor({status = 0, kind = 'unreachable', detail = ''} = {}) {
    super(detail || kind);
    Object.assign(this, {status, kind, detail});
  }

  // reason says it in the reader's language where we know the words, and else as
  // the server did.
  get reason() {
    switch (this.kind) {
      case 'unreachable': return t('problem.unreachable');
      case 'unavailable': return t('problem.unavailable');
      case 'task-not-found': return t('problem.notFound');
      case 'version': return t('problem.version');
      default: return this.detail || t('problem.status', {status: this.status});
    }
  }
}

// request returns {data, etag, seq, date} of a 2xx answer, and throws a Problem
// otherwise. A request without an answer is sent again, and a write carries a
// key by which the server knows that it is the same one: it happens once.
export async function request(method, path, {body, etag, signal, attempts = 5} = {}) {
  const headers = {Accept: 'application/json'};
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (etag) headers['If-Match'] = etag;
  if (method !== 'GET') headers['Idempotency-Key'] = newKey();
  for (let attempt = 1; ; attempt++) {
    try {
      return await once(method, path, {headers, body: body && JSON.stringify(body), signal});
    } catch (problem) {
      if (problem.status === 401) {
        await askForToken();
        continue;
      }
      const mayPass = problem.status === 0 || problem.kind === 'unavailable';
      if (signal?.aborted || !mayPass || attempt >= attempts) throw problem;
      await new Promise((resolve) => { setTimeout(resolve, 200 * 2 ** (attempt - 1) * (0.75 + Math.random() / 2)); });
    }
  }
}

async function once(method, path, {headers, body, signal}) {
  const limit = AbortSignal.timeout(patience);
  let answer;
  try {
    answer = await fetch(path, {
      method, body, cache: 'no-store',
      headers: token.read() ? {...headers, Authorization: token.header()} : headers,
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    });
    const text = await answer.text();
    const data = text && /json/.test(answer.headers.get('Content-Type')) ? JSON.parse(text) : null;
    if (!answer.ok) {
      throw new Problem({status: answer.status, kind: data?.type?.split(':').pop() ?? '', detail: data?.detail ?? ''});
    }
    return {
      data,
      etag: answer.headers.get('ETag'),
      seq: Number(answer.headers.get('Taskctl-Position')?.split(':').pop() ?? 0),
      date: new Date(answer.headers.get('Date') ?? Date.now()),
    };
  } catch (err) {
    throw err instanceof Problem ? err : new Problem();
  }
}

// newKey does not use randomUUID, which browsers have only on localhost and
// behind TLS.
function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('');
}
