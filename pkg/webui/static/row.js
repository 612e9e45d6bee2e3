// One task in the list: shown, edited in place, or in conflict.
import {html, nothing} from './vendor/lit-html-3.3.3.js';
import {t, ago, fullTime} from './text.js';
import {icons} from './icons.js';
import {linked} from './links.js';
import {maxTitle} from './actions.js';

// rows returns the template of an entry.
export function rows(actions, model) {
  return (entry) => {
    switch (entry.work?.kind) {
      case 'edit': return editor(entry, actions, model.shown(entry));
      case 'conflict': return conflict(entry, actions);
      case 'gone': return gone(entry, actions);
      default: return reading(entry, actions, model);
    }
  };
}

function reading(entry, actions, model) {
  const task = model.shown(entry);
  const made = new Date(task.created_at);
  const title = `title-${entry.id}`;
  const proposed = Boolean(entry.proposed); // the server does not know it yet
  const open = (event) => getSelection().isCollapsed && !event.target.closest('a, button') && actions.edit(entry);
  const expand = () => {
    entry.expanded = !entry.expanded;
    model.changed(entry.id);
  };
  return html`
    <input class="check" type="checkbox" data-focus="check" aria-labelledby=${title} .checked=${task.completed}
      ?disabled=${proposed} @change=${(event) => actions.complete(entry, event.target.checked)}>
    <div class="what" @click=${open}>
      <p class="title" id=${title} dir="auto"><span>${linked(task.title)}</span></p>
      ${task.description ? html`<p class="description" dir="auto">${linked(task.description)}</p>` : nothing}
      <button class="more" type="button" aria-expanded=${entry.expanded ? 'true' : 'false'} aria-label=${t(entry.expanded ? 'row.lessOf' : 'row.moreOf', {title: task.title})}
        @click=${expand}>${t(entry.expanded ? 'row.less' : 'row.more')}</button>
    </div>
    <time class="when" datetime=${task.created_at} title=${fullTime(made)}>${ago(made)}</time>
    <div class="tools">
      <button class="tool" type="button" data-focus="edit" aria-label=${t('row.edit', {title: task.title})} title=${t('row.editHint')}
        ?disabled=${proposed} @click=${() => actions.edit(entry)}>${icons.edit}</button>
      <button class="tool danger" type="button" aria-label=${t('row.delete', {title: task.title})} title=${t('row.deleteHint')}
        ?disabled=${proposed} @click=${() => actions.remove([entry])}>${icons.remove}</button>
    </div>
    ${entry.problem ? html`
      <p class="problem below" role="alert">${icons.alert}<span>${entry.problem}</span>
        <button class="tool" type="button" aria-label=${t('row.dismiss')} @click=${() => actions.dismiss(entry)}>${icons.close}</button></p>` : nothing}`;
}

function editor(entry, actions, task) {
  const {draft, base, fault} = entry.work;
  const submit = (event) => {
    event.preventDefault();
    actions.save(entry);
  };
  const keys = (event) => {
    if (event.key === 'Escape') actions.cancel(entry);
    else if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) actions.save(entry);
  };
  const note = (event) => {
    draft[event.target.name] = event.target.value;
    if (event.target.name === 'title') actions.model.changed(entry.id); // the counter
  };
  const changed = task.title !== base.fields.title || task.description !== base.fields.description;
  const left = maxTitle - [...draft.title.trim()].length;
  const faultID = `fault-${entry.id}`;
  return html`
    <form class="editor" aria-label=${t('edit.label', {title: base.fields.title})} @submit=${submit} @keydown=${keys} @input=${note}>
      <label class="field"><span>${t('field.title')}</span>
        <input name="title" data-focus="title" dir="auto" autocomplete="off" .value=${draft.title}
          aria-invalid=${fault ? 'true' : nothing} aria-describedby=${fault ? faultID : nothing}></label>
      ${left < 40 ? html`<p class="counter ${left < 0 ? 'over' : ''}">${t('field.left', {n: left})}</p>` : nothing}
      <label class="field"><span>${t('field.description')}</span>
        <textarea name="description" rows="3" dir="auto" .value=${draft.description}></textarea></label>
      ${changed ? html`<p class="notice" role="status">${t('edit.changed')}</p>` : nothing}
      ${fault ? html`<p class="problem" id=${faultID} role="alert">${icons.alert}<span>${fault}</span></p>` : nothing}
      <div class="buttons">
        <button class="button primary">${t('edit.save')}</button>
        <button class="button" type="button" @click=${() => actions.cancel(entry)}>${t('edit.cancel')}</button>
      </div>
    </form>`;
}

function conflict(entry, actions) {
  const {work: {draft}, task} = entry;
  const classOf = (field) => (draft[field] === task[field] ? `${field} same` : field); // the fields that differ are emphasised
  const version = (label, {title, description}) => html`
    <div class="version"><h4>${label}</h4>
      <p class=${classOf('title')} dir="auto">${title}</p>
      ${description ? html`<p class=${classOf('description')} dir="auto">${description}</p>` : html`<p class="description none">${t('conflict.empty')}</p>`}
    </div>`;
  const resolve = (choice) => () => actions.resolve(entry, choice);
  return html`
    <section class="conflict" aria-label=${t('conflict.title')}>
      <h3 class="heading">${icons.alert}${t('conflict.title')}</h3>
      <p>${t('conflict.why')}</p>
      <div class="versions">${version(t('conflict.yours'), draft)}${version(t('conflict.theirs'), task)}</div>
      <div class="buttons">
        <button class="button primary" type="button" data-focus="mine" @click=${resolve('mine')}>${t('conflict.keepMine')}</button>
        <button class="button" type="button" @click=${resolve('theirs')}>${t('conflict.keepTheirs')}</button>
        <button class="button" type="button" @click=${resolve('both')}>${t('conflict.edit')}</button>
      </div>
    </section>`;
}

function gone(entry, actions) {
  const {draft: {title, description}, fault} = entry.work;
  return html`
    <section class="conflict" aria-label=${t('gone.title')}>
      <h3 class="heading">${icons.alert}${t('gone.title')}</h3>
      <p>${t('gone.why')}</p>
      <div class="version"><p class="title" dir="auto">${title}</p><p class="description" dir="auto">${description}</p></div>
      ${fault ? html`<p class="problem" role="alert">${icons.alert}<span>${fault}</span></p>` : nothing}
      <div class="buttons">
        <button class="button primary" type="button" data-focus="mine" @click=${() => actions.recreate(entry)}>${t('gone.again')}</button>
        <button class="button" type="button" @click=${() => actions.model.remove(entry.id)}>${t('gone.leave')}</button>
      </div>
    </section>`;
}
