// The API reference, made from openapi.json.
import {html, render, nothing} from './vendor/lit-html-3.3.3.js';
import {lang, t} from './text.js';
import {request, root} from './api.js';
import {signIn} from './token.js';
import {mark} from './icons.js';
import {Description} from './openapi.js';

const groupNames = {tasks: () => t('docs.tasks'), events: () => t('docs.events'), system: () => t('docs.system')};

function page(api, settings) {
  const {info, components} = api.document;
  const groups = [...api.groups()];
  return html`
    <a class="skip" href="#content">${t('docs.skip')}</a>
    <header class="top"><h1>${mark}taskctl <span>API</span></h1><span class="version">${info.version}</span>
      <nav aria-label=${t('page.more')}><a href="./">${t('docs.board')}</a><a href="openapi.json">openapi.json</a></nav></header>
    <nav class="contents" aria-label=${t('docs.contents')}>
      ${groups.map(([name, operations]) => html`
        <h2>${groupNames[name]()}</h2>
        <ul role="list">${operations.map((o) => html`<li><a href="#${o.operationId}">${verb(o.method)}<span>${o.path}</span></a></li>`)}</ul>`)}
      <h2>${t('docs.more')}</h2>
      <ul role="list"><li><a href="#notifications"><span>${t('docs.notifications')}</span></a></li><li><a href="#schemas"><span>${t('docs.schemas')}</span></a></li></ul>
    </nav>
    <main id="content" tabindex="-1">
      <p class="lead" lang="en">${info.description}</p>
      ${groups.map(([, operations]) => operations.map((o) => operation(api, o)))}
      ${notifications(settings)}
      <section id="schemas"><h2>${t('docs.schemas')}</h2>
        ${Object.entries(components.schemas).map(([name, schema]) => html`<article class="card" id="schema-${name}"><h3>${name}</h3>${members(api, schema)}</article>`)}</section>
    </main>`;
}

const verb = (method) => html`<b class="verb ${method}">${method.toUpperCase()}</b>`;

function operation(api, o) {
  const body = o.requestBody && api.media(o.requestBody);
  const parameters = api.parameters(o);
  return html`
    <article class="card" id=${o.operationId}>
      <h2>${verb(o.method)}<code>${o.path}</code></h2>
      <p class="summary" lang="en">${o.summary}</p>
      ${o.description ? html`<p lang="en">${o.description}</p>` : nothing}
      ${code(api.command(o), true)}
      ${o.path.includes('{id}') && api.newest ? html`<p class="hint">${t('docs.newest')}</p>` : nothing}
      ${parameters.length > 0 ? html`<h3>${t('docs.parameters')}</h3><dl>${parameters.map((p) => member(api, p.name, p.schema, {...p, note: p.in}))}</dl>` : nothing}
      ${body ? html`<h3>${t('docs.body')} ${type(api, body.schema)}</h3>${code(pretty(body.example))}` : nothing}
      <h3>${t('docs.answers')}</h3>
      ${api.responses(o).map((r) => answer(api, r))}
    </article>`;
}

function answer(api, r) {
  const media = api.media(r);
  return html`
    <details><summary><b class="status ${r.status[0] === '2' ? 'good' : ''}">${r.status}</b> <span lang="en">${r.description}</span></summary>
      ${media ? html`<p class="media">${media.type} ${type(api, media.schema)}</p>${media.example === undefined ? nothing : code(pretty(media.example))}` : nothing}
      ${r.headers ? html`<dl>${Object.entries(r.headers).map(([name, h]) => {
        const header = api.deref(h);
        return member(api, name, header.schema, header);
      })}</dl>` : nothing}
    </details>`;
}

function type(api, schema) {
  const {text, ref, array} = api.typeOf(schema);
  return html`<span class="type">${ref ? html`<a href="#schema-${text}">${text}</a>` : text}${array ? '[]' : ''}</span>`;
}

function members(api, schema) {
  const required = new Set(schema.required);
  return html`<dl>${Object.entries(schema.properties ?? {}).map(([name, s]) => member(api, name, s, {...s, required: required.has(name)}))}</dl>`;
}

function member(api, name, schema, {description, required, note}) {
  return html`<div><dt><code>${name}</code>${required ? html`<span class="required">${t('docs.required')}</span>` : nothing}</dt>
    <dd>${type(api, schema)} <span class="limits">${[note, api.limits(schema ?? {})].filter(Boolean).join(' · ')}</span>
      ${description ? html`<span class="about" lang="en">${description}</span>` : nothing}</dd></div>`;
}

function notifications({websocket_url: url}) {
  return html`
    <article class="card" id="notifications">
      <h2>${t('docs.notifications')}</h2>
      <p>${t('docs.notificationsWhy')} <a href="asyncapi.json">asyncapi.json</a></p>
      ${code(`const socket = new WebSocket(${JSON.stringify(url)});\nsocket.onmessage = ({data}) => console.log(JSON.parse(data));`, true)}
    </article>`;
}

const pretty = (example) => (typeof example === 'string' ? example : JSON.stringify(example, null, 2));

function code(text, copies) {
  const copy = async (event) => {
    const button = event.currentTarget;
    await navigator.clipboard.writeText(text);
    button.textContent = t('docs.copied');
    setTimeout(() => { button.textContent = t('docs.copy'); }, 1500);
  };
  return html`<div class="code"><pre tabindex="0"><code>${text}</code></pre>
    ${copies && navigator.clipboard ? html`<button class="button" type="button" @click=${copy}>${t('docs.copy')}</button>` : nothing}</div>`;
}

document.documentElement.lang = lang;
const {data: settings} = await request('GET', 'board/config.json');
if (settings.token) await signIn();
const [{data: description}, {data: newest}] = await Promise.all([request('GET', 'openapi.json'), request('GET', 'tasks?limit=1')]);
const api = new Description(description, {origin: root.href.replace(/\/$/, ''), secured: settings.token, newest: newest.tasks[0]?.id});
render(page(api, settings), document.querySelector('#docs'));
if (location.hash) document.querySelector(location.hash)?.scrollIntoView();
