// The activity feed: the events, newest first.
import {html, render} from './vendor/lit-html-3.3.3.js';
import {t, number, timeOfDay, fullTime} from './text.js';
import {icons} from './icons.js';
import {inFrame} from './frame.js';

const maxItems = 60;

// kindOf is what an event means to a person; before is the task before the event,
// where it is known.
export function kindOf(event, before) {
  switch (event.type) {
    case 'task_created': return 'created';
    case 'task_deleted': return 'deleted';
    default:
      if (before && before.completed !== event.task.completed) return event.task.completed ? 'completed' : 'reopened';
      return 'updated';
  }
}

const kinds = {
  created: {icon: icons.add, word: () => t('feed.created'), sentence: (title) => t('said.event.created', {title})},
  updated: {icon: icons.edit, word: () => t('feed.updated'), sentence: (title) => t('said.event.updated', {title})},
  completed: {icon: icons.done, word: () => t('feed.completed'), sentence: (title) => t('said.event.completed', {title})},
  reopened: {icon: icons.reopened, word: () => t('feed.reopened'), sentence: (title) => t('said.event.reopened', {title})},
  deleted: {icon: icons.remove, word: () => t('feed.deleted'), sentence: (title) => t('said.event.deleted', {title})},
};

export const sentence = (kind, title) => kinds[kind].sentence(title);

export class Feed {
  constructor(element, empty) {
    this.element = element;
    this.empty = empty;
    this.added = [];
    this.items = new Map(); // seq → li
    this.own = new Set();
    this.draw = this.draw.bind(this);
  }

  add(event, before) {
    this.added.push({event, kind: kindOf(event, before)});
    if (this.added.length > maxItems) this.added.shift();
    inFrame(this.draw);
  }

  // fill adds older events below.
  fill(events) {
    const known = new Map();
    const older = [];
    for (const event of events) {
      older.push({event, kind: kindOf(event, known.get(event.task.id))});
      known.set(event.task.id, event.task);
    }
    for (const item of older.toReversed()) {
      if (this.items.size < maxItems && !this.items.has(item.event.seq)) this.element.append(this.row(item));
    }
    this.empty.hidden = this.items.size > 0;
  }

  clear() {
    this.items.clear();
    this.added = [];
    this.element.replaceChildren();
    this.empty.hidden = false;
  }

  // markOwn marks an event as caused by this page, whether it has arrived yet or not.
  markOwn(seq) {
    this.own.add(seq);
    if (this.own.size > 500) this.own.delete(this.own.values().next().value);
    this.items.get(seq)?.classList.add('own');
  }

  draw() {
    const rows = this.added.map((item) => this.row(item));
    if (rows.length < 5) for (const row of rows) row.classList.add('entering');
    this.element.prepend(...rows.reverse());
    this.added = [];
    while (this.element.childElementCount > maxItems) {
      const last = this.element.lastElementChild;
      this.items.delete(Number(last.dataset.seq));
      last.remove();
    }
    this.empty.hidden = this.items.size > 0;
  }

  row({event, kind}) {
    const {icon, word} = kinds[kind];
    const at = new Date(event.timestamp);
    const li = document.createElement('li');
    li.className = `event ${kind}`;
    li.dataset.seq = event.seq;
    li.classList.toggle('own', this.own.has(event.seq));
    render(html`<span class="sign">${icon}</span>
      <p class="news"><span class="word">${word()}</span> <bdi class="name">${event.task.title}</bdi></p>
      <p class="stamp"><time datetime=${event.timestamp} title=${fullTime(at)}>${timeOfDay(at)}</time> <span>#${number(event.seq)}</span> <span class="you">${t('feed.you')}</span></p>`, li);
    this.items.set(event.seq, li);
    return li;
  }
}
