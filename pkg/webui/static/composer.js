// The form for new tasks.
import {html, render, nothing} from './vendor/lit-html-3.3.3.js';
import {t} from './text.js';
import {icons} from './icons.js';
import {faultIn} from './actions.js';

export class Composer {
  constructor(element, actions) {
    this.element = element;
    this.actions = actions;
    this.draft = {title: '', description: ''};
    this.fault = '';
    this.draw();
  }

  draw() {
    const {draft, fault} = this;
    const started = draft.title !== '' || draft.description !== '';
    render(html`
      <form class="composer card" @submit=${(event) => this.submit(event)} @input=${(event) => this.note(event)} @keydown=${(event) => this.key(event)}>
        <div class="line">
          ${icons.add}
          <input id="new-title" name="title" dir="auto" autocomplete="off" enterkeyhint="done" placeholder=${t('new.placeholder')}
            aria-label=${t('new.label')} aria-invalid=${fault ? 'true' : nothing} aria-describedby=${fault ? 'new-fault' : nothing} .value=${draft.title}>
          <kbd aria-hidden="true">n</kbd>
          <button class="button primary" ?disabled=${!draft.title.trim()}>${t('new.add')}</button>
        </div>
        ${started ? html`<textarea name="description" rows="2" dir="auto" placeholder=${t('new.description')}
          aria-label=${t('new.description')} .value=${draft.description}></textarea>` : nothing}
        ${fault ? html`<p class="problem" id="new-fault" role="alert">${icons.alert}<span>${fault}</span></p>` : nothing}
      </form>`, this.element);
  }

  note(event) {
    this.draft[event.target.name] = event.target.value;
    this.fault = '';
    this.draw();
  }

  key(event) {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) this.submit(event);
    if (event.key === 'Escape') event.target.blur();
  }

  // submit adds the draft, and shows it again if it could not be saved, unless the
  // person has started another one.
  async submit(event) {
    event.preventDefault();
    const {draft} = this;
    if (!draft.title.trim()) return;
    this.fault = faultIn(draft);
    if (!this.fault) this.draft = {title: '', description: ''};
    this.draw();
    if (this.fault) return;
    this.element.querySelector('#new-title').focus();
    const problem = await this.actions.add(draft);
    if (!problem) return;
    this.fault = t('problem.notAdded', {title: draft.title.trim(), reason: problem.reason});
    if (!this.draft.title && !this.draft.description) this.draft = draft;
    this.draw();
  }
}
