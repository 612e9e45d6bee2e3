// What a person does to tasks. The page shows it at once, and takes it back with
// the server's reason when the server says no.
import {request, Problem} from './api.js';
import {t} from './text.js';

export const longestTitle = 200;
export const longestDescription = 10_000;

// faultIn says what is wrong with a draft, in words, or nothing: the same rules as
// the server's, so that most mistakes need no answer.
export function faultIn({title, description}) {
  if (!title.trim()) return t('fault.titleEmpty');
  if ([...title.trim()].length > longestTitle) return t('fault.titleLong', {most: longestTitle});
  if ([...description].length > longestDescription) return t('fault.descriptionLong', {most: longestDescription});
  return '';
}

// sameAs reports whether a task still is what a draft or a question was based on.
const sameAs = (base, task) => Object.keys(base.of).every((field) => base.of[field] === task[field]);

const textOf = ({title, description}) => ({title, description});

export class Actions {
  // deps: {model, say(text), own(seq)}: own is told the events that this page made.
  constructor(deps) {
    Object.assign(this, deps);
  }

  path(id) {
    return `/tasks/${id}`;
  }

  // add makes a task and returns a Problem, or nothing.
  async add({title, description}) {
    const {model} = this;
    const now = new Date().toISOString();
    const proposal = model.propose({title: title.trim(), description, completed: false, created_at: now, updated_at: now});
    try {
      await model.during(request('POST', '/tasks', {body: {title, description}}), ({data, etag, seq}) => {
        this.own(seq);
        model.adopt(proposal, data, etag, seq);
      });
      this.say(t('said.added', {title: title.trim()}));
      return undefined;
    } catch (problem) {
      model.remove(proposal);
      return problem;
    }
  }

  // complete sets the one field whatever else has changed: two people who both
  // call a task done do not collide, so there is no If-Match here.
  async complete(entry, completed) {
    const {model} = this;
    await this.optimistically(entry, {completed}, async () => {
      await this.write(entry, 'PATCH', {body: {completed}});
      this.say(t(completed ? 'said.completed' : 'said.reopened', {title: entry.task.title}));
    }, (problem) => {
      if (problem.status === 404) this.vanished(entry);
      else entry.problem = t('problem.notSaved', {reason: problem.reason});
    });
  }

  // edit opens a draft. It is based on a version of the task, which is looked up
  // meanwhile where it is not known yet.
  edit(entry) {
    if (entry.proposed || entry.work) return;
    const of = textOf(this.model.shown(entry));
    entry.problem = undefined;
    entry.work = {kind: 'edit', draft: {...of}, base: {of, etag: entry.pending ? undefined : entry.etag}, focus: 'title'};
    this.model.changed(entry.id);
    if (!entry.etag) this.rebase(entry, entry.work.base).catch(() => {}); // save asks again
  }

  // rebase finds the version of the task that has what base has, and reports
  // whether there still is one.
  async rebase(entry, base) {
    if (base.etag) return true;
    if (!entry.etag) await this.look(entry);
    if (!sameAs(base, entry.task)) return false;
    base.etag = entry.etag;
    return true;
  }

  // look reads the task as it is now.
  async look(entry) {
    await this.model.during(request('GET', this.path(entry.id)), ({data, etag, seq}) => {
      this.model.confirm(data, etag, seq);
    });
    if (!entry.etag) await this.look(entry); // a newer page came in between
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
      if (draft[field] !== work.base.of[field]) changes[field] = draft[field];
    }
    if (Object.keys(changes).length === 0) {
      this.leave(entry);
      return;
    }
    entry.work = undefined;
    entry.refocus = 'edit';
    await this.optimistically(entry, changes, async () => {
      await this.writeOver(entry, work.base, 'PATCH', {body: changes});
      this.say(t('said.saved', {title: draft.title}));
    }, (problem) => this.keepDraft(entry, work, problem));
  }

  // keepDraft brings back a draft that could not be saved, and says why.
  keepDraft(entry, work, problem) {
    const {status, reason} = problem;
    entry.refocus = undefined;
    if (status === 412 && sameAs({of: work.draft}, entry.task)) return; // both wrote the same
    const kind = {404: 'gone', 412: 'conflict'}[status] ?? 'edit';
    const fault = kind === 'edit' ? t('problem.notSaved', {reason}) : '';
    entry.work = {...work, kind, fault, focus: kind === 'edit' ? 'title' : 'mine', polite: true};
    this.say(fault || t(kind === 'gone' ? 'gone.title' : 'conflict.title'));
  }

  // settleConflict goes on from a collision with mine, theirs, or both in hand.
  settleConflict(entry, choice) {
    const {draft} = entry.work;
    if (choice === 'theirs') {
      this.leave(entry);
      return;
    }
    entry.work = {kind: 'edit', draft, base: {of: textOf(entry.task), etag: entry.etag}, focus: 'title'};
    this.model.changed(entry.id);
    if (choice === 'mine') this.save(entry);
  }

  // leave puts a draft away.
  leave(entry) {
    entry.work = undefined;
    entry.refocus = 'edit';
    this.model.settle(entry);
  }

  // ask is the question before a task is deleted.
  ask(entry) {
    if (entry.proposed || entry.work) return;
    entry.problem = undefined;
    const {title, description, completed} = this.model.shown(entry);
    entry.work = {kind: 'confirm', base: {of: {title, description, completed}, etag: entry.pending ? undefined : entry.etag}, focus: 'yes'};
    this.model.changed(entry.id);
  }

  // drop deletes the version that the question showed.
  async drop(entry) {
    const {model} = this;
    const {base} = entry.work;
    entry.work = undefined;
    entry.hidden = true;
    model.changed();
    await this.optimistically(entry, {}, async () => {
      await this.writeOver(entry, base, 'DELETE');
      this.say(t('said.deleted', {title: entry.task.title}));
    }, (problem) => {
      if (problem.status === 404) return this.vanished(entry);
      entry.hidden = false;
      model.changed();
      entry.problem = t('problem.notDeleted', {reason: problem.reason});
      this.say(entry.problem);
    });
  }

  // again makes a new task of a draft whose task is gone.
  async again(entry) {
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

  // dismiss puts a problem away.
  dismiss(entry) {
    entry.problem = undefined;
    entry.refocus = 'check';
    this.model.settle(entry);
  }

  // vanished is what happens to a task that somebody else has deleted.
  vanished(entry) {
    this.say(t('said.vanished', {title: entry.task.title}));
    this.model.remove(entry.id);
  }

  // writeOver writes to the version that base is, and to a newer one as long as
  // that has what base has: a collision is only what somebody would want to see.
  async writeOver(entry, base, method, options) {
    for (;;) {
      if (!await this.rebase(entry, base)) throw new Problem({status: 412, kind: 'version'});
      try {
        await this.write(entry, method, {...options, etag: base.etag});
        return;
      } catch (problem) {
        if (problem.status !== 412) throw problem;
        if (entry.etag === base.etag) entry.etag = undefined;
        base.etag = undefined;
      }
    }
  }

  async write(entry, method, options) {
    const {model} = this;
    await model.during(request(method, this.path(entry.id), options), ({data, etag, seq}) => {
      this.own(seq);
      if (data) model.confirm(data, etag, seq);
      else model.remove(entry.id);
    });
  }

  // optimistically shows changes while attempt is under way, and calls undone with
  // the problem when that fails. Attempts at one task follow one another.
  async optimistically(entry, changes, attempt, undone) {
    const {model} = this;
    const pending = {...entry.pending, ...changes};
    entry.pending = pending;
    entry.problem = undefined;
    model.changed(entry.id);
    const turn = (entry.turn ?? Promise.resolve()).then(attempt);
    entry.turn = turn.catch(() => {});
    let problem;
    try {
      await turn;
    } catch (err) {
      problem = err;
    }
    if (entry.pending === pending) entry.pending = undefined;
    if (problem instanceof Problem) undone(problem);
    if (model.entries.get(entry.id) === entry) model.settle(entry);
    if (problem && !(problem instanceof Problem)) throw problem;
  }
}
