// Messages for screen readers, one at a time. The events of others are summarised,
// so that a burst of events does not hide everything else.
import {t, plural} from './text.js';

const summaryInterval = 2500; // ms

export class Announcer {
  constructor(element) {
    this.element = element;
    this.events = [];
    this.own = new Set();
  }

  // say announces the result of the person's own action.
  say(text) {
    this.element.textContent = text;
  }

  // markOwn names an event that this page caused; its action has been announced.
  markOwn(seq) {
    this.own.add(seq);
    if (this.own.size > 500) this.own.delete(this.own.values().next().value);
  }

  // event adds an event to the next summary; text is the sentence for it alone.
  event(seq, text) {
    this.events.push({seq, text});
    this.timer ??= setTimeout(() => this.summarise(), summaryInterval);
  }

  summarise() {
    this.timer = undefined;
    const others = this.events.filter(({seq}) => !this.own.has(seq));
    this.events = [];
    if (others.length === 1) this.say(others[0].text);
    else if (others.length > 1) this.say(t('said.many', {changes: plural('changes', others.length)}));
  }
}
