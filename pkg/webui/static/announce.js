// What screen readers are told: one thing at a time, and what others do only in
// sum, so that a burst of events does not talk over everything else.
import {t, plural} from './text.js';

const pause = 2500; // ms over which the events of others are gathered

export class Announcer {
  constructor(element) {
    this.element = element;
    this.gathered = [];
    this.own = new Set();
  }

  // say tells what the person's own action came to.
  say(text) {
    this.element.textContent = text;
  }

  // mine names an event that this page made: it has been told already.
  mine(seq) {
    this.own.add(seq);
    if (this.own.size > 500) this.own.delete(this.own.values().next().value);
  }

  // event notes something that happened; text is the sentence for it alone.
  event(seq, text) {
    this.gathered.push({seq, text});
    this.timer ??= setTimeout(() => this.tell(), pause);
  }

  tell() {
    this.timer = undefined;
    const others = this.gathered.filter(({seq}) => !this.own.has(seq));
    this.gathered = [];
    if (others.length === 1) this.say(others[0].text);
    else if (others.length > 1) this.say(t('said.many', {changes: plural('changes', others.length)}));
  }
}
