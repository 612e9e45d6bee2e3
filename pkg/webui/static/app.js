// The board: what is on the page, and what is connected to what.
import {html, render, nothing} from './vendor/lit-html-3.3.3.js';
import {lang, t, plural} from './text.js';
import {request} from './api.js';
import {token, askForToken} from './token.js';
import {inFrame} from './frame.js';
import {icons, sheet} from './icons.js';
import {Model} from './model.js';
import {Actions} from './actions.js';
import {List} from './list.js';
import {rows} from './row.js';
import {Composer} from './composer.js';
import {Feed, kindOf, sentence} from './feed.js';
import {System} from './system.js';
import {Stream} from './stream.js';
import {Keys} from './keys.js';
import {Announcer} from './announce.js';
import {frameOfPage, Toolbar, pill} from './page.js';

const pageSize = 100;
const overflow = 3000; // tasks beyond the page that arrive before it is read anew
const history = 30; // events that the feed begins with

class Board {
  constructor(settings) {
    this.parts = frameOfPage(document.querySelector('#app'));
    const {parts} = this;
    this.announcer = new Announcer(parts.said);
    this.feed = new Feed(parts.feed, parts.feedEmpty);
    this.system = new System(parts.system);
    this.model = new Model((id) => this.list.changed(id));
    this.actions = new Actions({
      model: this.model,
      say: (text) => this.announcer.say(text),
      own: (seq) => {
        this.announcer.mine(seq);
        this.feed.mine(seq);
      },
    });
    this.list = new List(parts.list, {model: this.model, row: rows(this.actions, this.model), drawn: () => this.drawEdges()});
    this.composer = new Composer(parts.composer, this.actions);
    this.toolbar = new Toolbar(parts.toolbar, this.model.query, (query) => this.ask(query));
    this.stream = new Stream({
      url: settings.websocket_url,
      secured: settings.token,
      onEvent: (event) => this.take(event),
      onReset: () => this.restart(),
      onState: (state) => this.connection(state),
      onRefused: () => request('GET', '/readyz').catch(() => {}),
    });
    this.keys = new Keys({
      list: parts.list,
      compose: () => parts.composer.querySelector('#new-title').focus(),
      search: () => this.toolbar.focus(),
      filter: (n) => this.toolbar.show(n),
      older: () => this.older(),
      edit: (id) => this.with(id, (entry) => this.actions.edit(entry)),
      remove: (id) => this.with(id, (entry) => this.actions.ask(entry)),
    });
    parts.help.addEventListener('click', () => this.keys.help());
    addEventListener('online', () => this.connection(this.stream.state));
    addEventListener('offline', () => this.connection(this.stream.state));
    setInterval(() => this.list.refresh(), 60_000); // "5 min ago"
  }

  with(id, act) {
    const entry = this.model.entries.get(id);
    if (entry) act(entry);
  }

  // begin reads the tasks, and follows from where they stand. It does not give up.
  async begin() {
    this.connection('connecting');
    this.drawEdges();
    this.system.look();
    const {epoch, seq} = await this.reread();
    this.stream.start({epoch, seq});
    this.fillFeed(epoch, seq);
  }

  // restart is for a history that cannot be followed any more.
  async restart() {
    this.model.journal = [];
    this.feed.clear();
    const {epoch, seq} = await this.reread();
    if (epoch === this.stream.position.epoch) this.stream.renewed();
    else this.stream.start({epoch, seq});
    this.fillFeed(epoch, seq);
  }

  // reread takes a new first page; it does not give up.
  async reread() {
    for (let wait = 250; ; wait = Math.min(5000, wait * 2)) {
      try {
        const page = await this.load(this.toolbar.query);
        if (page) return page;
      } catch (problem) {
        this.failure = problem.reason;
        this.drawEdges();
      }
      await new Promise((resolve) => { setTimeout(resolve, wait); });
    }
  }

  // ask shows another selection.
  async ask(query) {
    this.parts.list.setAttribute('aria-busy', 'true');
    try {
      const page = await this.load(query);
      if (page) this.announcer.say(plural(page.next_cursor ? 'shown.more' : 'shown', page.tasks.length));
    } catch (problem) {
      this.failure = problem.reason;
      this.drawEdges();
    }
  }

  // load reads the first page of a selection, unless another is asked for first.
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
    } catch (problem) {
      if (!signal.aborted) throw problem;
    }
    return page;
  }

  // older shows another page: of what is here already, or else from the server.
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

  take(event) {
    if (event.type === 'task_created') {
      const proposal = this.model.proposalLike(event.task);
      if (proposal) this.model.adopt(proposal, event.task, `"${event.seq}"`, event.seq);
    }
    const before = this.model.receive(event);
    this.feed.add(event, before);
    this.announcer.event(event.seq, sentence(kindOf(event, before), event.task.title));
    if (this.model.order.length > pageSize + overflow && this.list.limit <= pageSize && !this.rereading) {
      this.rereading = true;
      this.reread().finally(() => { this.rereading = false; });
    }
  }

  // fillFeed shows the last things that happened before the page was opened.
  async fillFeed(epoch, seq) {
    if (seq === 0) return;
    const since = Math.max(0, seq - history);
    try {
      const {data} = await request('GET', `/events?since=${epoch}:${since}&limit=${history}`);
      this.feed.fill(data.events);
    } catch {
      // That history is gone; the feed begins with what comes.
    }
  }

  connection(state) {
    const before = this.state;
    this.state = state === 'waiting' && !navigator.onLine ? 'offline' : state;
    if (state === 'live' && before !== 'live') this.wasLive = true;
    render(pill(this.state, this.wasLive, () => this.stream.hurry()), this.parts.connection);
    if (this.stream?.position && before !== this.state) this.system.look();
  }

  // drawEdges draws what is around the rows: nothing to see yet, or ever, or more.
  drawEdges() {
    inFrame(this.edges ??= () => {
      const {parts, model, list, failure, loaded} = this;
      const empty = loaded && list.rows.size === 0;
      parts.list.hidden = empty;
      parts.skeleton.hidden = loaded || Boolean(failure);
      render([
        failure ? html`<p class="problem" role="alert">${icons.alert}<span>${t('problem.notRead', {reason: failure})}</span></p>` : nothing,
        empty ? this.nothingHere(model.query) : nothing,
        list.hidden > 0 || model.next !== undefined ? html`
          <button class="button older" type="button" aria-disabled=${this.reading ? 'true' : 'false'} @click=${() => this.older()}>
            ${this.reading ? t('older.loading') : t('older.show')}</button>` : nothing,
      ], parts.edge);
    });
  }

  nothingHere({show, q}) {
    const words = {all: () => t('empty.all'), open: () => t('empty.open'), done: () => t('empty.done')};
    return html`<div class="empty">${sheet}
      <p>${q ? t('empty.search', {q}) : words[show]()}</p>
      ${q ? html`<button class="button" type="button" @click=${() => this.toolbar.clear()}>${t('empty.clear')}</button>` : nothing}</div>`;
  }
}

function pathOf({show, q}, cursor) {
  const wanted = new URLSearchParams({limit: pageSize});
  if (show !== 'all') wanted.set('completed', show === 'done');
  if (q) wanted.set('q', q);
  if (cursor) wanted.set('cursor', cursor);
  return `/tasks?${wanted}`;
}

document.documentElement.lang = lang;
const {data: settings} = await request('GET', '/board/config.json');
if (settings.token && !token.read()) await askForToken();
await new Board(settings).begin();
