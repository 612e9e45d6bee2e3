// The notifications, each exactly once and in order, whatever becomes of the
// connection: the whole state is one position, which every new connection
// resumes from.
import {token} from './token.js';

const silence = 90_000; // ms; the server says something more often than that
const look = 5_000; // ms between looks at the clock
const longest = 10_000; // ms between attempts

export class Stream {
  // deps: {url, secured, onEvent(event), onReset(), onState(state), onRefused()}.
  // State is connecting, live, waiting or refused.
  constructor(deps) {
    Object.assign(this, deps);
    this.state = 'connecting';
    this.failures = 0;
    this.clients = 0;
  }

  // start follows from a position, {epoch, seq}: that of a snapshot.
  start(position) {
    this.position = position;
    this.open();
    if (this.watching) return;
    this.watching = true;
    this.looked = Date.now();
    setInterval(() => this.watch(), look);
    addEventListener('online', () => this.hurry());
    addEventListener('pageshow', (event) => event.persisted && this.hurry());
    addEventListener('pagehide', () => { // a page that keeps a socket cannot be gone back to
      this.drop();
      this.turn('waiting');
    });
    document.addEventListener('visibilitychange', () => !document.hidden && this.watch());
  }

  // hurry connects now, unless that is done already.
  hurry() {
    if (this.state !== 'live') this.open();
  }

  // watch notices a connection that has gone without a word, and that this
  // machine was asleep: then the connection is not to be trusted either.
  watch() {
    const now = Date.now();
    const slept = now - this.looked > look + 30_000;
    this.looked = now;
    if (this.state === 'live' && (slept || now - this.heard > silence)) this.open();
    if (this.state === 'waiting' && slept) this.open();
  }

  open() {
    this.drop();
    this.turn('connecting');
    const url = new URL(this.url);
    url.searchParams.set('since', `${this.position.epoch}:${this.position.seq}`);
    const socket = new WebSocket(url, ['taskctl.v1', ...(this.secured ? [token.subprotocol()] : [])]);
    this.socket = socket;
    socket.onmessage = (message) => {
      if (socket !== this.socket) return;
      this.heard = Date.now();
      this.receive(JSON.parse(message.data));
    };
    socket.onclose = (event) => socket === this.socket && this.lost(event);
  }

  // drop lets go of the connection; what it still says is not heard.
  drop() {
    clearTimeout(this.timer);
    const socket = this.socket;
    this.socket = null;
    socket?.close();
  }

  receive(message) {
    switch (message.type) {
      case 'connected':
        this.failures = 0;
        this.epoch = message.epoch;
        this.clients = message.clients;
        if (message.resumed) this.turn('live'); // else a reset follows
        break;
      case 'reset': // our history is not there: on from here, with a new snapshot
        this.position = {epoch: this.epoch, seq: message.seq};
        this.turn('connecting');
        this.onReset();
        break;
      case 'heartbeat':
        if (message.seq > this.position.seq) this.open();
        break;
      default:
        this.take(message);
    }
  }

  // renewed says that the snapshot which a reset asked for is shown: only now is
  // what the page shows live.
  renewed() {
    if (this.socket?.readyState === WebSocket.OPEN) this.turn('live');
  }

  // take applies the one rule: the next event counts, an older one is a repeat,
  // and a later one shows a hole, which resuming fills.
  take(event) {
    const next = this.position.seq + 1;
    if (event.seq > next) this.open();
    if (event.seq !== next) return;
    this.position = {epoch: this.position.epoch, seq: next};
    this.onEvent(event);
  }

  lost({code, reason}) {
    this.socket = null;
    if (code === 1008) { // do not come back
      this.turn('refused');
      return;
    }
    this.failures++;
    const asked = code === 1012 && /^retry=(\d+)$/.exec(reason);
    let delay = Math.random() * 100;
    if (asked) delay += Number(asked[1]);
    else if (this.failures > 1) delay = Math.min(longest, 200 * 2 ** (this.failures - 2)) * (0.5 + Math.random() / 2);
    this.turn('waiting');
    this.timer = setTimeout(() => this.again(), delay);
  }

  // again asks over HTTP first where a token is needed: a refused handshake looks
  // like any other failure to a page.
  async again() {
    if (this.secured && this.failures > 1) await this.onRefused();
    if (this.state === 'waiting') this.open();
  }

  turn(state) {
    if (state === this.state) return;
    this.state = state;
    this.onState(state);
  }
}
