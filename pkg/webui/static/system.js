// The health of the components, as the launcher sees it.
import {html, render, nothing} from './vendor/lit-html-3.3.3.js';
import {t, plural, span, bytes, fullTime} from './text.js';
import {request} from './api.js';

const often = 1000; // ms between looks while something is not ready
const seldom = 5000;
const rarely = 30_000; // while there is nobody who could tell

const stateWords = {
  starting: () => t('state.starting'),
  ready: () => t('state.ready'),
  degraded: () => t('state.degraded'),
  unhealthy: () => t('state.unhealthy'),
  'backing-off': () => t('state.backingOff'),
  stopping: () => t('state.stopping'),
  stopped: () => t('state.stopped'),
  failed: () => t('state.failed'),
};

// tone is how worried to look.
function tone(state) {
  if (state === 'ready') return 'ok';
  return state === 'failed' || state === 'unhealthy' ? 'bad' : 'warn';
}

export class System {
  constructor(element) {
    this.element = element;
    this.draw();
    document.addEventListener('visibilitychange', () => !document.hidden && this.look());
  }

  // look asks now, and goes on asking while the page is seen.
  async look() {
    clearTimeout(this.timer);
    const turn = this.turn = (this.turn ?? 0) + 1;
    try {
      const {data, date} = await request('GET', '/system', {attempts: 1});
      this.status = data;
      this.now = date;
      this.trouble = undefined;
    } catch (problem) {
      this.status = undefined;
      this.trouble = problem.status === 503 || problem.status === 404 ? 'alone' : 'silent';
    }
    if (turn !== this.turn) return;
    this.draw();
    if (!document.hidden) this.timer = setTimeout(() => this.look(), this.pause());
  }

  pause() {
    if (this.trouble === 'alone') return rarely;
    return this.status?.state === 'ready' ? seldom : often;
  }

  draw() {
    const {status, trouble} = this;
    render(html`
      <header><h2>${t('system.title')}</h2>${status ? badge(status.state) : nothing}</header>
      ${status ? this.components() : html`<p class="quiet">${this.words(trouble)}</p>`}`, this.element);
  }

  words(trouble) {
    switch (trouble) {
      case 'alone': return t('system.alone');
      case 'silent': return t('system.silent');
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
