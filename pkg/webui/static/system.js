// The state of the components, as the launcher reports it.
import {html, render, nothing} from './vendor/lit-html-3.3.3.js';
import {t, plural, span, bytes, fullTime} from './text.js';
import {request} from './api.js';

const fastPoll = 1000; // ms, while something is not ready
const slowPoll = 5000;
const idlePoll = 30_000; // while the api runs without a launcher

const stateWords = {
  starting: () => t('state.starting'),
  ready: () => t('state.ready'),
  degraded: () => t('state.degraded'),
  unhealthy: () => t('state.unhealthy'),
  'backing-off': () => t('state.backingOff'),
  stopping: () => t('state.stopping'),
  stopped: () => t('state.stopped'),
  failed: () => t('state.failed'),
  done: () => t('state.done'),
};

// tone is the colour of a state.
function tone(state) {
  if (state === 'ready') return 'ok';
  if (state === 'done') return 'ok';
  return state === 'failed' || state === 'unhealthy' ? 'bad' : 'warn';
}

export class System {
  // changed() is called after each answer.
  constructor(element, changed) {
    this.element = element;
    this.changed = changed;
    this.draw();
    document.addEventListener('visibilitychange', () => !document.hidden && this.refresh());
  }

  // refresh asks now, and goes on polling while the page is visible.
  async refresh() {
    clearTimeout(this.timer);
    const call = this.call = (this.call ?? 0) + 1;
    try {
      const {data, date} = await request('GET', 'system', {attempts: 1});
      this.status = data;
      this.now = date;
      this.failure = undefined;
    } catch (problem) {
      this.status = undefined;
      this.failure = problem.status === 503 || problem.status === 404 ? 'noLauncher' : 'noAnswer';
    }
    if (call !== this.call) return;
    this.draw();
    this.changed();
    if (!document.hidden) this.timer = setTimeout(() => this.refresh(), this.interval());
  }

  // tone is the colour of the whole system; undefined: not known.
  get tone() {
    if (this.failure === 'noAnswer') return 'bad';
    return this.status && tone(this.status.state);
  }

  // stateOf is the state of a component, where it is known.
  stateOf(name) {
    return this.status?.components.find((c) => c.name === name)?.state;
  }

  interval() {
    if (this.failure === 'noLauncher') return idlePoll;
    return this.status?.state === 'ready' ? slowPoll : fastPoll;
  }

  draw() {
    const {status, failure} = this;
    render(html`
      <header><h2>${t('system.title')}</h2>${status ? badge(status.state) : nothing}</header>
      ${status ? this.components() : html`<p class="quiet">${this.explain(failure)}</p>`}`, this.element);
  }

  explain(failure) {
    switch (failure) {
      case 'noLauncher': return t('system.noLauncher');
      case 'noAnswer': return t('system.noAnswer');
      default: return t('system.loading');
    }
  }

  components() {
    const {components, clients} = this.status;
    return html`
      <ul class="components" role="list">${components.map((c) => this.component(c))}</ul>
      <p class="quiet">${plural('clients', clients)}</p>`;
  }

  component(c) {
    const since = c.started_at && new Date(c.started_at);
    return html`
      <li>
        <span class="dot ${tone(c.state)}"></span>
        <span class="name">${c.name}</span>
        <span class="state">${stateWords[c.state]?.() ?? c.state}</span>
        <span class="facts">
          ${since ? html`<span title=${fullTime(since)}>${t('system.up', {time: span((this.now - since) / 1000)})}</span>` : nothing}
          <span class=${c.restarts ? 'restarted' : ''}>${plural('restarts', c.restarts)}</span>
          ${c.rss_bytes ? html`<span>${bytes(c.rss_bytes)}</span>` : nothing}
        </span>
        ${c.last_exit && c.restarts ? html`<span class="exit">${t('system.lastExit', {exit: c.last_exit})}</span>` : nothing}
      </li>`;
  }
}

function badge(state) {
  return html`<span class="badge ${tone(state)}">${stateWords[state]?.() ?? state}</span>`;
}
