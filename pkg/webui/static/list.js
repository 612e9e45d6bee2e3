// The list of tasks in the document. An event costs only what it changes: a row is
// drawn when its entry changed, and the order is compared only when entries were
// added, removed or moved. The number of rows is bounded.
import {render} from './vendor/lit-html-3.3.3.js';
import {inFrame} from './frame.js';

const pageSize = 100;
const maxAnimated = 5; // more rows at once are not animated
const reducedMotion = matchMedia('(prefers-reduced-motion: reduce)');

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

  // changed is called by the model: for one entry, or (no id) for the set of entries.
  changed(id) {
    if (id) this.dirty.add(id);
    else this.moved = true;
    inFrame(this.draw);
  }

  // refresh draws every row again, because their text depends on the time.
  refresh() {
    for (const id of this.rows.keys()) this.changed(id);
  }

  // more shows another page.
  more() {
    this.limit += pageSize;
    this.changed();
  }

  // fewer goes back to the first page.
  fewer() {
    this.limit = pageSize;
    this.started = false; // the rows of a new page are not animated
    this.changed();
  }

  draw() {
    if (this.moved) this.arrange();
    for (const id of this.dirty) {
      const entry = this.model.entries.get(id);
      if (entry && this.rows.has(id)) this.drawRow(entry, this.rows.get(id));
    }
    this.markClipped();
    this.dirty.clear();
    this.moved = false;
    this.drawn(this);
  }

  // markClipped marks the rows whose text does not fit, so that they offer the rest.
  // It measures after all rows are drawn: one layout, not one per row.
  markClipped() {
    for (const id of this.dirty) {
      const li = this.rows.get(id);
      if (!li) continue;
      const texts = [...li.querySelectorAll('.what .title, .what .description')];
      li.classList.toggle('clipped', texts.some((text) => text.scrollHeight > text.clientHeight + 1));
    }
  }

  // arrange makes the rows equal to the model, touching only those that differ.
  arrange() {
    const {model, rows} = this;
    const wanted = this.visible();
    for (const id of wanted) this.adoptRow(model.entries.get(id));
    const leaving = [...rows.keys()].filter((id) => !wanted.has(id));
    const fresh = [];
    const focus = this.focusAfter(leaving);
    for (const id of leaving) this.removeRow(id, leaving.length);
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
        this.dirty.add(id);
        fresh.push(li);
      }
      this.element.insertBefore(li, at);
    }
    if (this.started && fresh.length <= maxAnimated) {
      for (const li of fresh) li.classList.add('entering');
    }
    this.started = true;
    if (focus) this.focusOn(focus);
  }

  // visible are the ids to show, newest first. A row with the focus or a draft stays
  // although newer ones have filled the page.
  visible() {
    const {model} = this;
    const ids = new Set();
    const focused = document.activeElement?.closest?.('li.task')?.dataset.id;
    this.hidden = 0;
    for (let i = model.order.length - 1; i >= 0; i--) {
      const id = model.order[i];
      const {hidden, work} = model.entries.get(id);
      if (hidden) continue;
      if (ids.size < this.limit || work || id === focused) ids.add(id);
      else this.hidden++;
    }
    return ids;
  }

  // adoptRow gives the row of a proposal to the task that it became.
  adoptRow(entry) {
    const li = this.rows.get(entry.was);
    if (!li) return;
    this.rows.delete(entry.was);
    this.rows.set(entry.id, li);
    li.dataset.id = entry.id;
    entry.was = undefined;
    this.dirty.add(entry.id);
  }

  removeRow(id, others) {
    const li = this.rows.get(id);
    this.rows.delete(id);
    if (reducedMotion.matches || others > maxAnimated || this.model.entries.has(id)) {
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

  // focusAfter is the id of the row that gets the focus when the row with the focus
  // is removed.
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
    li.classList.toggle('expanded', Boolean(entry.expanded));
    const wanted = work?.focus ?? entry.refocus;
    if (!wanted) return;
    if (work) work.focus = undefined;
    entry.refocus = undefined;
    const polite = work ? work.polite : !entry.takeFocus;
    entry.takeFocus = undefined;
    const active = document.activeElement;
    const elsewhere = active && active !== document.body && !li.contains(active);
    if (elsewhere && polite) return; // do not take the focus from what the person does now
    li.querySelector(`[data-focus="${wanted}"]`)?.focus();
  }
}
