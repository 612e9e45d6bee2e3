// The events, each exactly once and in order. The whole state is one position,
// from which every new connection resumes. The WebSocket comes first; where it
// is not available, server-sent events of the page's own origin replace it.
import {openWebSocket, openEventStream} from './transport.js';

const silenceTimeout = 90_000; // ms; the server sends a heartbeat more often than that
const checkInterval = 5000; // ms
const maxDelay = 10_000; // ms between attempts
const upgradeInterval = 60_000; // ms between attempts to get back to the WebSocket
const maxSocketFailures = 2; // before server-sent events are used

export class Stream {
  // deps: {url, secured, onEvent(event), onReset(), onState(state), onRefused()}.
  // State is connecting, live, waiting or refused.
  constructor(deps) {
    Object.assign(this, deps);
    this.state = 'connecting';
    this.failures = 0;
    this.socketFailures = 0;
    // A page that came over TLS may not open an unencrypted WebSocket.
    this.insecure = location.protocol === 'https:' && new URL(this.url).protocol === 'ws:';
  }

  // start follows the log from a position, {epoch, seq}: that of a snapshot.
  start(position) {
    this.position = position;
    this.open();
    if (this.started) return;
    this.started = true;
    this.checkedAt = Date.now();
    setInterval(() => this.check(), checkInterval);
    setInterval(() => this.upgrade(), upgradeInterval);
    addEventListener('online', () => this.reconnect());
    addEventListener('pageshow', (event) => event.persisted && this.reconnect());
    addEventListener('pagehide', () => { // the back-forward cache takes no page with an open socket
      this.close();
      this.setState('waiting');
    });
    document.addEventListener('visibilitychange', () => !document.hidden && this.check());
  }

  // overHTTP reports whether server-sent events are used now.
  get overHTTP() {
    return this.connection?.opener === openEventStream;
  }

  // reconnect connects now, unless that is done already.
  reconnect() {
    if (this.state !== 'live') this.open();
  }

  // check finds a connection that is dead without having been closed, and notices
  // that the machine was suspended, after which the connection may be dead too.
  check() {
    const now = Date.now();
    const slept = now - this.checkedAt > checkInterval + 30_000;
    this.checkedAt = now;
    if (this.state === 'live' && (slept || now - this.receivedAt > silenceTimeout)) this.open();
    if (this.state === 'waiting' && slept) this.open();
  }

  open() {
    this.close();
    this.setState('connecting');
    const useHTTP = this.insecure || this.socketFailures >= maxSocketFailures;
    this.connection = this.connect(useHTTP ? openEventStream : openWebSocket);
  }

  connect(opener) {
    const connection = {opener, connected: false};
    connection.transport = opener({
      url: this.url,
      since: `${this.position.epoch}:${this.position.seq}`,
      onMessage: (message) => this.receive(connection, message),
      onClose: (reason) => this.closed(connection, reason),
    });
    return connection;
  }

  // upgrade tries the WebSocket while server-sent events continue, and switches
  // to it once it is connected.
  upgrade() {
    if (this.state !== 'live' || !this.overHTTP || this.insecure) return;
    this.candidate?.transport.close();
    this.candidate = this.connect(openWebSocket);
  }

  close() {
    clearTimeout(this.timer);
    this.connection?.transport.close();
    this.candidate?.transport.close();
    this.connection = this.candidate = undefined;
  }

  receive(connection, message) {
    if (connection === this.candidate && message.type === 'connected' && message.resumed) {
      this.connection.transport.close();
      this.connection = connection;
      this.candidate = undefined;
      this.onState(this.state);
    }
    if (connection !== this.connection) return;
    this.receivedAt = Date.now();
    switch (message.type) {
      case 'connected':
        connection.connected = true;
        this.failures = 0;
        if (!this.overHTTP) this.socketFailures = 0;
        this.epoch = message.epoch;
        if (message.resumed) this.setState('live'); // else a reset follows
        break;
      case 'reset': // our position cannot be resumed: a new snapshot is needed
        this.position = {epoch: message.epoch ?? this.epoch, seq: message.seq};
        this.setState('connecting');
        this.onReset();
        break;
      case 'heartbeat':
        if (message.seq > this.position.seq) this.open(); // events are missing
        break;
      default:
        this.apply(message);
    }
  }

  // snapshotShown is called after a reset, when the page shows the new snapshot.
  snapshotShown() {
    if (this.connection?.connected) this.setState('live');
  }

  // apply follows the rule of every receiver: the next event is applied, an older
  // one dropped, and a later one shows a gap, which resuming fills.
  apply(event) {
    const next = this.position.seq + 1;
    if (event.seq > next) this.open();
    if (event.seq !== next) return;
    this.position = {epoch: this.position.epoch, seq: next};
    this.onEvent(event);
  }

  closed(connection, {code, reason}) {
    if (connection === this.candidate) this.candidate = undefined;
    if (connection !== this.connection) return;
    if (connection.opener === openEventStream) this.socketFailures = maxSocketFailures - 1; // the next attempt is a WebSocket
    else if (!connection.connected) this.socketFailures++;
    this.connection = undefined;
    if (code === 1008) { // the server says: do not come back
      this.setState('refused');
      return;
    }
    this.failures++;
    const asked = code === 1012 && /^retry=(\d+)$/.exec(reason);
    const backoffs = this.failures - maxSocketFailures; // no backoff before both transports were tried
    let wait = Math.random() * 100;
    if (asked) wait += Number(asked[1]);
    else if (backoffs > 0) wait = Math.min(maxDelay, 200 * 2 ** (backoffs - 1)) * (0.5 + Math.random() / 2);
    this.setState('waiting');
    this.timer = setTimeout(() => this.retry(), wait);
  }

  // retry asks over HTTP first where a token is needed, since a page cannot tell a
  // refused handshake from any other failure.
  async retry() {
    if (this.secured && this.failures > 1) await this.onRefused();
    if (this.state === 'waiting') this.open();
  }

  setState(state) {
    if (state === this.state) return;
    this.state = state;
    this.onState(state);
  }
}
