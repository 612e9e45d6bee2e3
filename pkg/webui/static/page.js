// The page: its regions, the toolbar over the list, the connection.
import {html, render} from './vendor/lit-html-3.3.3.js';
import {t} from './text.js';
import {icons, mark} from './icons.js';

// drawPage draws the regions and returns the elements that others fill.
export function drawPage(app) {
  const view = (event) => {
    document.body.dataset.view = event.target.value;
    scrollTo(0, 0);
  };
  render(html`
    <a class="skip" href="#tasks">${t('page.skip')}</a>
    <header class="top">
      <h1 class="brand">${mark}taskctl</h1>
      <div class="connection" role="status" data-part="connection"></div>
      <nav aria-label=${t('page.more')}>
        <a class="quietly" href="docs">${t('page.docs')}</a>
        <button class="tool" type="button" data-part="help" aria-label=${t('keys.title')} title=${t('keys.title')}><kbd>?</kbd></button>
      </nav>
    </header>
    <main id="tasks" tabindex="-1" aria-label=${t('page.tasks')}>
      <div data-part="notice" role="status"></div>
      <div data-part="composer"></div>
      <div class="toolbar" data-part="toolbar"></div>
      <section class="card tasks" aria-labelledby="tasks-title">
        <h2 class="visually-hidden" id="tasks-title">${t('page.tasks')}</h2>
        <div class="skeleton" data-part="skeleton" role="status" aria-label=${t('page.loading')}>${[1, 2, 3, 4].map(() => html`<div><i></i><b></b></div>`)}</div>
        <ul role="list" data-part="list"></ul>
        <div class="edge" data-part="edge"></div>
      </section>
    </main>
    <aside aria-label=${t('page.aside')}>
      <section class="card system" aria-label=${t('system.title')} data-part="system"></section>
      <section class="card activity" aria-label=${t('feed.title')}>
        <header><h2>${t('feed.title')}</h2></header>
        <ol role="list" data-part="feed" tabindex="0" aria-label=${t('feed.title')}></ol>
        <p class="quiet" data-part="feedEmpty">${t('feed.empty')}</p>
      </section>
    </aside>
    <nav class="views" aria-label=${t('page.view')}><fieldset @change=${view}>
      <legend class="visually-hidden">${t('page.view')}</legend>
      ${[['tasks', t('page.tasks')], ['activity', t('feed.title')], ['system', t('system.title')]].map(([value, label], i) => html`
        <label><input type="radio" name="view" value=${value} ?checked=${i === 0}><span>${label}</span></label>`)}
    </fieldset></nav>
    <div class="visually-hidden" role="status" aria-live="polite" data-part="said"></div>
    <div class="undo-place" data-part="undo"></div>`, app);
  document.body.dataset.view = 'tasks';
  return Object.fromEntries([...app.querySelectorAll('[data-part]')].map((element) => [element.dataset.part, element]));
}

const shows = ['all', 'open', 'done'];

// Toolbar is the search and the filter. The page's address has both, so that a
// reload shows the same.
export class Toolbar {
  constructor(element, query, changed) {
    this.element = element;
    this.changed = changed;
    const asked = new URLSearchParams(location.search);
    const show = asked.get('show');
    this.query = {...query, q: asked.get('q') ?? '', show: shows.includes(show) ? show : 'all'};
    this.draw();
  }

  draw() {
    const {query} = this;
    const labels = {all: t('filter.all'), open: t('filter.open'), done: t('filter.done')};
    render(html`
      <search class="search">${icons.search}
        <input type="search" aria-label=${t('search.label')} placeholder=${t('search.placeholder')} .value=${query.q} autocomplete="off" spellcheck="false"
          @input=${(event) => this.typed(event.target.value)} @keydown=${(event) => this.key(event)}><kbd aria-hidden="true">/</kbd></search>
      <fieldset class="segments" @change=${(event) => this.set({show: event.target.value})}>
        <legend class="visually-hidden">${t('filter.label')}</legend>
        ${shows.map((show) => html`<label><input type="radio" name="show" value=${show} .checked=${query.show === show}><span>${labels[show]}</span></label>`)}
      </fieldset>`, this.element);
  }

  typed(q) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.set({q}), 150);
  }

  key(event) {
    if (event.key !== 'Escape' || !event.target.value) return;
    event.preventDefault();
    this.clear();
  }

  clear() {
    clearTimeout(this.timer);
    this.element.querySelector('input').value = '';
    this.set({q: ''});
    this.focus();
  }

  focus() {
    const input = this.element.querySelector('input');
    input.focus();
    input.select();
  }

  show(n) {
    this.set({show: shows[n]});
  }

  set(change) {
    this.query = {...this.query, ...change};
    const address = new URL(location.href);
    for (const [name, value, usual] of [['q', this.query.q, ''], ['show', this.query.show, 'all']]) {
      if (value === usual) address.searchParams.delete(name);
      else address.searchParams.set(name, value);
    }
    history.replaceState(null, '', address);
    this.draw();
    this.changed(this.query);
  }
}

// pill shows the state of the connection; a press reconnects.
export function pill({state, wasLive, overHTTP, reconnect}) {
  switch (state) {
    case 'live': return html`<span class="pill ok" title=${overHTTP ? t('connection.overHTTP') : t('connection.liveLong')}>${dot}${t('connection.live')}</span>`;
    case 'noAnswer': return html`<button class="pill bad" type="button" title=${t('system.noAnswer')} @click=${reconnect}>${dot}${t('connection.noAnswer')}</button>`;
    case 'refused': return html`<button class="pill bad" type="button" @click=${reconnect}>${dot}${t('connection.refused')}</button>`;
    case 'offline': return html`<button class="pill warn" type="button" @click=${reconnect}>${dot}${t('connection.offline')}</button>`;
    default: return html`<button class="pill warn" type="button" title=${t('connection.lostLong')} @click=${reconnect}>
      ${dot}${wasLive ? t('connection.lost') : t('connection.connecting')}</button>`;
  }
}

const dot = html`<i class="dot"></i>`;
