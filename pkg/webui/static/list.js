// The list of tasks in the document. An event costs what it changes: a row is
// drawn when its entry is named, and the order is walked only when entries came,
// went or moved. It holds no more rows than were asked for, however many arrive.
import {render} from './vendor/lit-html-3.3.3.js';
import {inFrame} from './frame.js';

const pageSize = 100;
const noticeable = 5; // more rows than that at once are not animated
const calm = matchMedia('(prefers-reduced-motion: reduce)');

export class List {
  // deps: {model, row(entry) → template, drawn(list)}
  constructor(element, deps) {
    Object.assign(this, deps);
    this.element = element;
    this.rows = new Map(); // id → li
    this.limit = pageSize;
    this.dirty = new Set();
    this.moved = true;
    this.started = false;
    this.draw = this.draw.bind(this);
  }

  // changed is the model's: one entry, or which there are.
  changed(id) {
    if (id) this.dirty.add(id);
    else this.moved = true;
    inFrame(this.draw);
  }

  // refresh draws every row again: time has passed.
  refresh() {
    for (const id of this.rows.keys()) this.changed(id);
  }

  // more makes room for another page.
  more() {
    this.limit += pageSize;
    this.changed();
  }

  // fewer goes back to the first page.
  fewer() {
    this.limit = pageSize;
    this.started = false; // what comes now is not news
    this.changed();
  }

  draw() {
    if (this.moved) this.arrange();
    for (const id of this.dirty) {
      const entry = this.model.entries.get(id);
      if (entry && this.rows.has(id)) this.drawRow(entry, this.rows.get(id));
    }
    this.dirty.clear();
    this.moved = false;
    this.drawn(this);
  }

  // arrange brings the rows in line with the model, touching only those that
  // differ.
  arrange() {
    const {model, rows} = this;
    const wanted = this.wanted();
    for (const id of wanted) this.rename(model.entries.get(id));
    const leaving = [...rows.keys()].filter((id) => !wanted.has(id));
    const fresh = [];
    const focus = this.focusAfter(leaving);
    for (const id of leaving) this.takeOut(id, leaving.length);
    let at = this.skipLeaving(this.element.firstElementChild);
    for (const id of wanted) {
      let li = rows.get(id);
      if (li && li === at) {
        at = this.skipLeaving(at.nextElementSibling);
        continue;
      }
      if (!li) {
        li = document.createElement('li');
        li.className = 'task';
        li.dataset.id = id;
        rows.set(id, li);
        this.drawRow(model.entries.get(id), li);
        fresh.push(li);
      }
      this.element.insertBefore(li, at);
    }
    if (this.started && fresh.length <= noticeable) {
      for (const li of fresh) li.classList.add('entering');
    }
    this.started = true;
    if (focus) this.focusOn(focus);
  }

  // wanted are the ids to be seen, newest first. A row that somebody is in stays
  // although newer ones have filled the page.
  wanted() {
    const {model} = this;
    const ids = new Set();
    const held = document.activeElement?.closest?.('li.task')?.dataset.id;
    this.hidden = 0;
    for (let i = model.order.length - 1; i >= 0; i--) {
      const id = model.order[i];
      const {hidden, work} = model.entries.get(id);
      if (hidden) continue;
      if (ids.size < this.limit || work || id === held) ids.add(id);
      else this.hidden++;
    }
    return ids;
  }

  // rename keeps the row of a proposal for the task that it became.
  rename(entry) {
    const li = this.rows.get(entry.was);
    if (!li) return;
    this.rows.delete(entry.was);
    this.rows.set(entry.id, li);
    li.dataset.id = entry.id;
    entry.was = undefined;
    this.dirty.add(entry.id);
  }

  takeOut(id, others) {
    const li = this.rows.get(id);
    this.rows.delete(id);
    if (calm.matches || others > noticeable || this.model.entries.has(id)) {
      li.remove();
      return;
    }
    li.inert = true;
    li.classList.add('leaving');
    li.addEventListener('animationend', () => li.remove(), {once: true});
  }

  skipLeaving(node) {
    while (node?.inert) node = node.nextElementSibling;
    return node;
  }

  // focusAfter is the row to go to when the one with the focus leaves.
  focusAfter(leaving) {
    const li = document.activeElement?.closest?.('li.task');
    if (!li || !leaving.includes(li.dataset.id)) return undefined;
    const gone = new Set(leaving);
    for (const step of ['nextElementSibling', 'previousElementSibling']) {
      for (let other = li[step]; other; other = other[step]) {
        if (!other.inert && !gone.has(other.dataset.id)) return other.dataset.id;
      }
    }
    return 'none';
  }

  focusOn(id) {
    const target = this.rows.get(id)?.querySelector('.check') ?? document.querySelector('#new-title');
    target?.focus({preventScroll: true});
  }

  drawRow(entry, li) {
    const {work} = entry;
    render(this.row(entry), li);
    li.classList.toggle('done', this.model.shown(entry).completed);
    li.classList.toggle('pending', Boolean(entry.pending));
    li.classList.toggle('working', Boolean(work));
    const wanted = work?.focus ?? entry.refocus;
    if (!wanted) return;
    if (work) work.focus = undefined;
    entry.refocus = undefined;
    const active = document.activeElement;
    const elsewhere = active && active !== document.body && !li.contains(active);
    if (elsewhere && (work ? work.polite : true)) return; // nobody is called away from where they are
    li.querySelector(`[data-focus="${wanted}"]`)?.focus();
  }
}
