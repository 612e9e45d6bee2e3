// Two ways to receive the event log. Each takes {since, onMessage(message),
// onClose({code, reason})} and returns {close()}. Messages are those of the
// WebSocket protocol, whichever way they come.
import {send, problemOf} from './api.js';

const connectTimeout = 5000; // ms; a firewall may drop packets without an answer

// openWebSocket connects to the notification server.
export function openWebSocket({url, since, onMessage, onClose}) {
  const address = new URL(url);
  address.searchParams.set('since', since);
  let socket;
  try {
    socket = new WebSocket(address, ['taskctl.v1']);
  } catch { // the browser refuses the address
    queueMicrotask(() => onClose({}));
    return {close() {}};
  }
  const timer = setTimeout(() => {
    socket.onclose = null;
    socket.close();
    onClose({});
  }, connectTimeout);
  socket.onopen = () => clearTimeout(timer);
  socket.onmessage = (message) => onMessage(JSON.parse(message.data));
  socket.onclose = (event) => {
    clearTimeout(timer);
    onClose(event);
  };
  return {
    close() {
      clearTimeout(timer);
      socket.onmessage = socket.onclose = null;
      socket.close();
    },
  };
}

// openEventStream reads server-sent events from the page's own origin. It uses
// fetch instead of EventSource, which can neither send a token nor read a status.
export function openEventStream({since, onMessage, onClose}) {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), connectTimeout);
  const read = async () => {
    const answer = await send('GET', `events?since=${since}`, {headers: {Accept: 'text/event-stream'}, signal: abort.signal});
    clearTimeout(timer);
    if (!answer.ok) throw problemOf(answer, null);
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    let connected = false;
    for (;;) {
      const {done, value} = await reader.read();
      if (done) return;
      const blocks = (text + value).split('\n\n');
      text = blocks.pop();
      for (const block of blocks) {
        const {id, data} = fieldsOf(block);
        const [epoch, seq] = (id ?? '').split(':');
        if (!connected && id) {
          connected = true;
          onMessage({type: 'connected', epoch, seq: Number(seq), resumed: since.startsWith(`${epoch}:`)});
        }
        onMessage(data ? {...JSON.parse(data), epoch} : {type: 'heartbeat', seq: 0}); // a comment has no position
      }
    }
  };
  let closed = false;
  const end = () => closed || onClose({});
  read().then(end, end);
  return {
    close() {
      closed = true;
      clearTimeout(timer);
      abort.abort();
    },
  };
}

// fieldsOf reads one block of an event stream; each of our fields is one line.
function fieldsOf(block) {
  const fields = {};
  for (const line of block.split('\n')) {
    const colon = line.indexOf(': ');
    if (colon > 0) fields[line.slice(0, colon)] = line.slice(colon + 2);
  }
  return fields;
}
