// What a person does to tasks. The page shows a change at once, and reverts it with
// the server's reason when the server refuses it.
import {request, Problem, delay} from './api.js';
import {t, plural} from './text.js';

export const maxTitle = 200;
export const maxDescription = 10_000;
const maxWriteAttempts = 4; // against versions that change or proxies that alter tags

// faultIn describes what is wrong with a draft; '' means nothing. The rules are the
// server's, so that most mistakes need no request.
export function faultIn({title, description}) {
  if (!title.trim()) return t('fault.titleEmpty');
  if ([...title.trim()].length > maxTitle) return t('fault.titleLong', {most: maxTitle});
  if ([...description].length > maxDescription) return t('fault.descriptionLong', {most: maxDescription});
  return '';
}

// sameAs reports whether a task still has the fields that a change was based on.
const sameAs = (base, task) => Object.keys(base.fields).every((field) => base.fields[field] === task[field]);

const textOf = ({title, description}) => ({title, description});

export class Actions {
  // deps: {model, undo, announce(text), markOwn(seq)}: markOwn gets the events that this page caused.
  constructor(deps) {
    Object.assign(this, deps);
  }

  path(id) {
    return `tasks/${id}`;
  }

  // add creates a task and returns a Problem, or undefined.
  async add({title, description}) {
    const {model} = this;
    const now = new Date().toISOString();
    const proposal = model.propose({title: title.trim(), description, completed: false, created_at: now, updated_at: now});
    try {
      await model.during(request('POST', 'tasks', {body: {title, description}}), ({data, etag, seq}) => {
        this.markOwn(seq);
        model.adopt(proposal, data, etag, seq);
      });
      this.announce(t('said.added', {title: title.trim()}));
      return undefined;
    } catch (problem) {
      model.remove(proposal);
      return problem;
    }
  }

  // complete sets one field whatever else has changed, without If-Match: two people
  // who both complete a task do not conflict.
  async complete(entry, completed) {
    const {model} = this;
    await this.optimistically(entry, {completed}, async () => {
      await this.write(entry, 'PATCH', {body: {completed}});
      this.announce(t(completed ? 'said.completed' : 'said.reopened', {title: entry.task.title}));
    }, (problem) => {
      if (problem.status === 404) this.alreadyDeleted(entry);
      else entry.problem = t('problem.notSaved', {reason: problem.reason});
    });
  }

  // edit opens a draft, based on a version of the task. Where the version is not
  // known yet it is read meanwhile.
  edit(entry) {
    if (entry.proposed || entry.work) return;
    const fields = textOf(this.model.shown(entry));
    entry.problem = undefined;
    entry.work = {kind: 'edit', draft: {...fields}, base: {fields, etag: entry.pending ? undefined : entry.etag}, focus: 'title'};
    this.model.changed(entry.id);
    if (!entry.etag) this.rebase(entry, entry.work.base).catch(() => {}); // save asks again
  }

  // rebase sets base.etag to the current version of the task, and reports whether
  // the task still has the fields of base.
  async rebase(entry, base) {
    if (base.etag) return true;
    if (!entry.etag) await this.reload(entry);
    if (!entry.etag || !sameAs(base, entry.task)) return false;
    base.etag = entry.etag;
    return true;
  }

  // reload reads the task as it is now. A newer page that arrives in between leaves
  // the version unknown; then it is read again.
  async reload(entry) {
    for (let attempt = 0; attempt < maxWriteAttempts && !entry.etag; attempt++) {
      await this.model.during(request('GET', this.path(entry.id)), ({data, etag, seq}) => {
        this.model.confirm(data, etag, seq);
      });
    }
  }

  // save sends what the draft changes.
  async save(entry) {
    const {work} = entry;
    const draft = {title: work.draft.title.trim(), description: work.draft.description};
    work.fault = faultIn(draft);
    if (work.fault) {
      work.focus = 'title';
      this.model.changed(entry.id);
      return;
    }
    const changes = {};
    for (const field of ['title', 'description']) {
      if (draft[field] !== work.base.fields[field]) changes[field] = draft[field];
    }
    if (Object.keys(changes).length === 0) {
      this.cancel(entry);
      return;
    }
    entry.work = undefined;
    entry.refocus = 'edit';
    await this.optimistically(entry, changes, async () => {
      await this.writeOver(entry, work.base, 'PATCH', {body: changes});
      this.announce(t('said.saved', {title: draft.title}));
    }, (problem) => this.keepDraft(entry, work, problem));
  }

  // keepDraft shows a draft that could not be saved again, with the reason.
  keepDraft(entry, work, problem) {
    const {status, reason} = problem;
    entry.refocus = undefined;
    if (status === 412 && sameAs({fields: work.draft}, entry.task)) return; // both wrote the same
    const kind = {404: 'gone', 412: 'conflict'}[status] ?? 'edit';
    const fault = kind === 'edit' ? t('problem.notSaved', {reason}) : '';
    entry.work = {...work, kind, fault, focus: kind === 'edit' ? 'title' : 'mine', polite: true};
    this.announce(fault || t(kind === 'gone' ? 'gone.title' : 'conflict.title'));
  }

  // resolve ends a conflict with the person's choice: mine, theirs, or to edit on.
  resolve(entry, choice) {
    const {draft} = entry.work;
    if (choice === 'theirs') {
      this.cancel(entry);
      return;
    }
    entry.work = {kind: 'edit', draft, base: {fields: textOf(entry.task), etag: entry.etag}, focus: 'title'};
    this.model.changed(entry.id);
    if (choice === 'mine') this.save(entry);
  }

  // cancel discards a draft.
  cancel(entry) {
    entry.work = undefined;
    entry.refocus = 'edit';
    this.model.refresh(entry);
  }

  // remove hides tasks and offers to undo that. The requests are sent afterwards.
  remove(entries) {
    const {model} = this;
    const chosen = entries.filter((entry) => !entry.proposed && !entry.work && !entry.hidden);
    if (chosen.length === 0) return;
    const removals = chosen.map((entry) => {
      const {title, description, completed} = model.shown(entry);
      const base = {fields: {title, description, completed}, etag: entry.pending ? undefined : entry.etag};
      if (!base.etag) this.rebase(entry, base).catch(() => {}); // removeNow asks again
      return {entry, base};
    });
    const hide = (hidden) => {
      for (const entry of chosen) Object.assign(entry, {hidden, problem: undefined});
      model.changed();
    };
    hide(true);
    const text = chosen.length === 1 ? t('undo.deleted', {title: model.shown(chosen[0]).title}) : plural('undo.deletedMany', chosen.length);
    this.announce(text);
    this.undo.offer({
      text,
      commit: () => Promise.all(removals.map(({entry, base}) => this.removeNow(entry, base))),
      undo: () => {
        Object.assign(chosen[0], {refocus: 'check', takeFocus: true});
        hide(false);
        for (const {id} of chosen) model.changed(id);
        this.announce(t('undo.done'));
      },
    });
  }

  // removeNow deletes the version that was shown when the person deleted it.
  async removeNow(entry, base) {
    const {model} = this;
    if (model.entries.get(entry.id) !== entry) return; // deleted elsewhere meanwhile
    await this.optimistically(entry, {}, () => this.writeOver(entry, base, 'DELETE'), (problem) => {
      if (problem.status === 404) return this.alreadyDeleted(entry);
      entry.hidden = false;
      model.changed();
      entry.problem = t('problem.notDeleted', {reason: problem.reason});
      this.announce(entry.problem);
    });
  }

  // recreate makes a new task from a draft whose task has been deleted.
  async recreate(entry) {
    const {model} = this;
    entry.hidden = true;
    model.changed();
    const problem = await this.add(entry.work.draft);
    if (!problem) {
      model.remove(entry.id);
      return;
    }
    entry.hidden = false;
    entry.work.fault = t('problem.notSaved', {reason: problem.reason});
    model.changed();
    model.changed(entry.id);
  }

  // dismiss hides a problem.
  dismiss(entry) {
    entry.problem = undefined;
    entry.refocus = 'check';
    this.model.refresh(entry);
  }

  // alreadyDeleted takes out a task that somebody else has deleted.
  alreadyDeleted(entry) {
    this.announce(t('said.alreadyDeleted', {title: entry.task.title}));
    this.model.remove(entry.id);
  }

  // writeOver writes to the version of base, or to a newer one that has the same
  // fields: only a change that the person has not seen is a conflict. After a few
  // attempts it gives up, and shows the task as the server has it.
  async writeOver(entry, base, method, options) {
    for (let attempt = 0; attempt < maxWriteAttempts; attempt++) {
      if (attempt > 0) await delay(100 * 4 ** (attempt - 1));
      if (!await this.rebase(entry, base)) break;
      try {
        await this.write(entry, method, {...options, etag: base.etag});
        return;
      } catch (problem) {
        if (problem.status !== 412) throw problem;
        if (entry.etag === base.etag) entry.etag = undefined;
        base.etag = undefined;
      }
    }
    throw new Problem({status: 412, kind: 'version'});
  }

  async write(entry, method, options) {
    const {model} = this;
    await model.during(request(method, this.path(entry.id), options), ({data, etag, seq}) => {
      this.markOwn(seq);
      if (data) model.confirm(data, etag, seq);
      else model.remove(entry.id);
    });
  }

  // optimistically shows changes while attempt runs, and calls failed with the
  // problem when it fails. Attempts at one task run one after another.
  async optimistically(entry, changes, attempt, failed) {
    const {model} = this;
    const pending = {...entry.pending, ...changes};
    entry.pending = pending;
    entry.problem = undefined;
    model.changed(entry.id);
    const result = (entry.previous ?? Promise.resolve()).then(attempt);
    entry.previous = result.catch(() => {});
    let problem;
    try {
      await result;
    } catch (err) {
      problem = err;
    }
    if (entry.pending === pending) entry.pending = undefined;
    if (problem instanceof Problem) failed(problem);
    if (model.entries.get(entry.id) === entry) model.refresh(entry);
    if (problem && !(problem instanceof Problem)) throw problem;
  }
}
