// Deletion that can be undone: the request is sent only when the time for an undo
// is over, when something else is deleted, or when the page is left.
import {html, render, nothing} from './vendor/lit-html-3.3.3.js';
import {t} from './text.js';

const undoTime = 8000; // ms

export class Undo {
  constructor(element) {
    this.element = element;
    this.offered = undefined;
    for (const held of ['pointerenter', 'focusin']) element.addEventListener(held, () => clearTimeout(this.timer));
    for (const free of ['pointerleave', 'focusout']) element.addEventListener(free, () => this.startTimer());
    addEventListener('pagehide', () => this.commit());
  }

  // offer shows a text with an undo button. Exactly one of commit() and undo() is
  // called later.
  offer(offered) {
    this.commit();
    this.offered = offered;
    this.startTimer();
    this.draw();
  }

  startTimer() {
    clearTimeout(this.timer);
    if (this.offered) this.timer = setTimeout(() => this.commit(), undoTime);
  }

  commit() {
    this.take()?.commit();
  }

  undo() {
    this.take()?.undo();
  }

  take() {
    clearTimeout(this.timer);
    const {offered} = this;
    this.offered = undefined;
    this.draw();
    return offered;
  }

  draw() {
    const {offered} = this;
    render(offered ? html`<section class="undo" aria-label=${t('undo.button')}><p dir="auto">${offered.text}</p>
      <button class="button" type="button" @click=${() => this.undo()}>${t('undo.button')}</button></section>` : nothing, this.element);
  }
}
