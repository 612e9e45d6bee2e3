// Requests to the API: signing in, retries, and errors.
import {t} from './text.js';
import {askForToken} from './token.js';

const requestTimeout = 10_000; // ms for one attempt

// root is the address of the API. It is found from this file's own address, since
// a proxy may serve everything under a path prefix.
export const root = new URL('../../', import.meta.url);

// Problem is the reason why a request failed: the server's own (RFC 9457), or that
// there was no answer (status 0).
export class Problem extends Error {
  constructor({status = 0, kind = 'unreachable', detail = ''} = {}) {
    super(detail || kind);
    Object.assign(this, {status, kind, detail});
  }

  // reason is in the reader's language where the catalogue has the text, and else
  // the server's.
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
// otherwise. A request without an answer is sent again. A write carries an
// idempotency key, so that it is applied once.
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
      const temporary = problem.status === 0 || problem.kind === 'unavailable';
      if (signal?.aborted || !temporary || attempt >= attempts) throw problem;
      await delay(200 * 2 ** (attempt - 1) * (0.75 + Math.random() / 2));
    }
  }
}

async function once(method, path, {headers, body, signal}) {
  const timeout = AbortSignal.timeout(requestTimeout);
  try {
    const answer = await send(method, path, {
      headers, body,
      keepalive: method === 'DELETE', // the last one is sent while the page is being left
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    const text = await answer.text();
    const data = text && /json/.test(answer.headers.get('Content-Type')) ? JSON.parse(text) : null;
    if (!answer.ok) throw problemOf(answer, data);
    return {
      data,
      etag: strongTag(answer.headers.get('ETag')),
      seq: Number(answer.headers.get('Taskctl-Position')?.split(':').pop() ?? 0),
      date: new Date(answer.headers.get('Date') ?? Date.now()),
    };
  } catch (err) {
    throw err instanceof Problem ? err : new Problem();
  }
}

// send is fetch for paths of the API. The browser adds the cookie of its session.
export function send(method, path, {headers, ...options}) {
  return fetch(new URL(path, root), {
    method, cache: 'no-store', headers, ...options,
  });
}

export function problemOf(answer, data) {
  return new Problem({status: answer.status, kind: data?.type?.split(':').pop() ?? '', detail: data?.detail ?? ''});
}

// strongTag restores the ETag of a task, a quoted number. A proxy that compresses
// answers makes it weak (nginx) or adds a suffix (Apache), and If-Match compares
// strong tags only (RFC 9110 §13.1.1).
function strongTag(tag) {
  const version = /^(?:W\/)?"(\d+)/.exec(tag ?? '');
  return version ? `"${version[1]}"` : tag;
}

export const delay = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

// newKey does not use randomUUID, which browsers have only on localhost and over
// TLS.
function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('');
}
