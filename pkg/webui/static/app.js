// The board: creates the parts of the page and connects them.
import {html, render, nothing} from './vendor/lit-html-3.3.3.js';
import {lang, t, plural, number} from './text.js';
import {request, delay} from './api.js';
import {signIn} from './token.js';
import {inFrame} from './frame.js';
import {icons, sheet} from './icons.js';
import {Model} from './model.js';
import {Actions} from './actions.js';
import {List} from './list.js';
import {rows} from './row.js';
import {Composer} from './composer.js';
import {Undo} from './undo.js';
import {Feed, kindOf, sentence} from './feed.js';
import {System} from './system.js';
import {Stream} from './stream.js';
import {Keys} from './keys.js';
import {Announcer} from './announce.js';
import {drawPage, Toolbar, pill} from './page.js';

const pageSize = 100;
const maxArrived = 3000; // new tasks beyond the first page before it is read again
const feedHistory = 30; // events in the feed at the start

class Board {
  constructor(settings) {
    this.parts = drawPage(document.querySelector('#app'));
    const {parts} = this;
    this.announcer = new Announcer(parts.said);
    this.feed = new Feed(parts.feed, parts.feedEmpty);
    this.system = new System(parts.system, () => this.showConnection());
    this.undo = new Undo(parts.undo);
    this.model = new Model((id) => this.list.changed(id));
    this.actions = new Actions({
      model: this.model,
      undo: this.undo,
      announce: (text) => this.announcer.say(text),
      markOwn: (seq) => {
        this.announcer.markOwn(seq);
        this.feed.markOwn(seq);
      },
    });
    this.list = new List(parts.list, {model: this.model, row: rows(this.actions, this.model), drawn: () => this.drawEdges()});
    this.composer = new Composer(parts.composer, this.actions);
    this.toolbar = new Toolbar(parts.toolbar, this.model.query, (query) => this.select(query));
    this.stream = new Stream({
      url: settings.websocket_url,
      secured: settings.token,
      onEvent: (event) => this.receive(event),
      onReset: () => this.reset(),
      onState: () => this.showConnection(),
      onRefused: () => request('GET', 'tasks?limit=1', {attempts: 1}).catch(() => {}), // asks for the token
    });
    this.keys = new Keys({
      list: parts.list,
      compose: () => parts.composer.querySelector('#new-title').focus(),
      search: () => this.toolbar.focus(),
      filter: (n) => this.toolbar.show(n),
      older: () => this.older(),
      edit: (id) => this.with(id, (entry) => this.actions.edit(entry)),
      remove: (id) => this.with(id, (entry) => this.actions.remove([entry])),
      undo: () => this.undo.undo(),
    });
    parts.help.addEventListener('click', () => this.keys.help());
    addEventListener('online', () => this.showConnection());
    addEventListener('offline', () => this.showConnection());
    setInterval(() => this.list.refresh(), 60_000); // for texts such as "5 min ago"
  }

  with(id, act) {
    const entry = this.model.entries.get(id);
    if (entry) act(entry);
  }

  // begin reads the tasks, and then follows the events from their position.
  async begin() {
    this.showConnection();
    this.drawEdges();
    this.system.refresh();
    const {epoch, seq} = await this.reread();
    this.stream.start({epoch, seq});
    this.fillFeed(epoch, seq);
  }

  // reset reads a new snapshot, when the events since the last one are not available.
  async reset() {
    this.model.recent = [];
    this.feed.clear();
    const {epoch, seq} = await this.reread();
    if (epoch === this.stream.position.epoch) this.stream.snapshotShown();
    else this.stream.start({epoch, seq});
    this.fillFeed(epoch, seq);
  }

  // reread reads a new first page, and retries until it has one.
  async reread() {
    for (let wait = 250; ; wait = Math.min(5000, wait * 2)) {
      try {
        const page = await this.load(this.toolbar.query);
        if (page) return page;
      } catch (problem) {
        this.failure = problem.reason;
        this.drawEdges();
      }
      await delay(wait);
    }
  }

  // select shows the tasks of another query.
  async select(query) {
    this.parts.list.setAttribute('aria-busy', 'true');
    try {
      const page = await this.load(query);
      if (page) this.announcer.say(plural(page.next_cursor ? 'shown.more' : 'shown', page.tasks.length));
    } catch (problem) {
      this.failure = problem.reason;
      this.drawEdges();
    }
  }

  // load reads the first page of a query; a later call cancels it.
  async load(query) {
    this.loading?.abort();
    const {signal} = this.loading = new AbortController();
    let page;
    try {
      await this.model.during(request('GET', pathOf(query), {signal}), ({data}) => {
        if (signal.aborted) return;
        page = data;
        this.failure = undefined;
        this.loaded = true;
        this.list.fewer();
        this.model.replace(data, query);
        this.parts.list.removeAttribute('aria-busy');
      });
      // A page of a search may be empty although there are more.
      while (page?.tasks.length === 0 && page.next_cursor && !signal.aborted) {
        await this.model.during(request('GET', pathOf(query, page.next_cursor), {signal}), ({data}) => {
          if (signal.aborted) return;
          page = data;
          this.model.append(data);
        });
      }
    } catch (problem) {
      if (!signal.aborted) throw problem;
    }
    return page;
  }

  // older shows another page: of loaded tasks, or else from the server.
  async older() {
    const {model, list} = this;
    if (this.reading || (list.hidden === 0 && model.next === undefined)) return;
    if (list.hidden < pageSize && model.next !== undefined) {
      this.reading = true;
      this.drawEdges();
      const {query} = model;
      try {
        await model.during(request('GET', pathOf(query, model.next)), ({data}) => {
          if (query === model.query) model.append(data);
        });
        this.failure = undefined;
      } catch (problem) {
        this.failure = problem.reason;
        return;
      } finally {
        this.reading = false;
        this.drawEdges();
      }
    }
    list.more();
    this.announcer.say(t('said.older'));
  }

  receive(event) {
    if (event.type === 'task_created') {
      const proposal = this.model.proposalLike(event.task);
      if (proposal) this.model.adopt(proposal, event.task, `"${event.seq}"`, event.seq);
    }
    const before = this.model.receive(event);
    this.feed.add(event, before);
    this.announcer.event(event.seq, sentence(kindOf(event, before), event.task.title));
    if (this.model.order.length > pageSize + maxArrived && this.list.limit <= pageSize && !this.rereading) {
      this.rereading = true;
      this.reread().finally(() => { this.rereading = false; });
    }
  }

  // fillFeed shows the last events before the page was opened.
  async fillFeed(epoch, seq) {
    if (seq === 0) return;
    const since = Math.max(0, seq - feedHistory);
    try {
      const {data} = await request('GET', `events?since=${epoch}:${since}&limit=${feedHistory}`);
      this.feed.fill(data.events);
    } catch {
      // These events are gone; the feed starts empty.
    }
  }

  // showConnection shows how the connection and the system are.
  showConnection() {
    const {stream, system, parts} = this;
    let state = stream?.state ?? 'connecting';
    if (state === 'live') this.wasLive = true;
    if (!navigator.onLine && state !== 'live') state = 'offline';
    else if (system.failure === 'noAnswer') state = 'noAnswer';
    const overHTTP = state === 'live' && stream.overHTTP;
    render(pill({state, overHTTP, wasLive: this.wasLive, reconnect: () => stream.reconnect()}), parts.connection);
    render(overHTTP ? html`<p class="notice">${this.whyHTTP()}</p>` : nothing, parts.notice);
    document.body.dataset.system = overHTTP ? 'warn' : system.tone ?? 'ok';
    if (state !== this.shownState && stream?.position) system.refresh();
    this.shownState = state;
  }

  // whyHTTP explains why the WebSocket is not used, and what to change.
  whyHTTP() {
    const {url, insecure} = this.stream;
    if (insecure) return t('http.insecure', {url});
    if (this.system.stateOf('wsserver') === 'failed') return t('http.failed');
    return t('http.unreachable', {url});
  }

  // drawEdges draws the parts around the rows: errors, the empty list, counts, and
  // the button for older tasks.
  drawEdges() {
    inFrame(this.edges ??= () => {
      const {parts, model, list, failure, loaded} = this;
      const empty = loaded && list.rows.size === 0;
      parts.list.hidden = empty;
      parts.skeleton.hidden = loaded || Boolean(failure);
      render([
        failure ? html`<p class="problem" role="alert">${icons.alert}<span>${t('problem.notRead', {reason: failure})}</span></p>` : nothing,
        empty ? this.emptyList(model.query) : nothing,
        list.hidden > 0 || model.next !== undefined ? html`
          <button class="button older" type="button" aria-disabled=${this.reading ? 'true' : 'false'} @click=${() => this.older()}>
            ${this.reading ? t('older.loading') : t('older.show')}</button>` : nothing,
        loaded && !empty ? this.counts() : nothing,
      ], parts.edge);
    });
  }

  // counts are the numbers of loaded tasks; there may be more on older pages.
  counts() {
    const {model} = this;
    const {open, done} = model.counts();
    const total = plural(model.next === undefined ? 'shown' : 'shown.more', open + done);
    const clear = () => this.actions.remove(model.completed());
    return html`<p class="counts"><span>${t('shown.counts', {total, open: number(open), done: number(done)})}</span>
      ${done > 0 ? html`<button class="button" type="button" @click=${clear}>${plural('clear', done)}</button>` : nothing}</p>`;
  }

  emptyList({show, q}) {
    const words = q
      ? {all: () => t('empty.search', {q}), open: () => t('empty.searchOpen', {q}), done: () => t('empty.searchDone', {q})}
      : {all: () => t('empty.all'), open: () => t('empty.open'), done: () => t('empty.done')};
    return html`<div class="empty">${sheet}
      <p>${words[show]()}</p>
      ${q ? html`<button class="button" type="button" @click=${() => this.toolbar.clear()}>${t('empty.clear')}</button>` : nothing}</div>`;
  }
}

function pathOf({show, q}, cursor) {
  const wanted = new URLSearchParams({limit: pageSize});
  if (show !== 'all') wanted.set('completed', show === 'done');
  if (q) wanted.set('q', q);
  if (cursor) wanted.set('cursor', cursor);
  return `tasks?${wanted}`;
}

document.documentElement.lang = lang;
const {data: settings} = await request('GET', 'board/config.json');
if (settings.token) await signIn();
await new Board(settings).begin();
