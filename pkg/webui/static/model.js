// The tasks that this page knows. Nothing here touches the document.
//
// Each entry has the number (seq) of the newest event that it reflects, so that an
// event, page or answer that arrives late or twice changes nothing. An answer may be
// older than events that arrived during its request; those events are kept and
// applied on top of it.

export class Model {
  // changed(id) is called for each entry to draw again, changed() when entries
  // were added, removed or moved.
  constructor(changed) {
    this.changed = changed;
    this.entries = new Map(); // by id
    this.order = []; // ids, oldest first: new ones come at the cheap end
    this.query = {show: 'all', q: ''};
    this.next = undefined; // the cursor of older tasks; undefined: there are none
    this.proposals = new Map(); // new tasks that the server has not confirmed yet, by temporary id
    this.recent = []; // events that arrived during requests
    this.requests = 0; // under way
  }

  // during calls use with the answer of a request, and then applies the events that
  // arrived during the request and are newer than the answer.
  async during(request, use) {
    this.requests++;
    try {
      const answer = await request;
      use(answer);
      for (const event of this.recent) {
        if (event.seq > answer.seq) this.apply(event);
      }
    } finally {
      if (--this.requests === 0) this.recent = [];
    }
  }

  // replace puts a first page in place of all entries. Entries with a draft or an
  // unanswered request stay.
  replace({tasks, next_cursor: next, seq}, query) {
    const before = this.entries;
    this.query = query;
    this.next = next;
    this.entries = new Map();
    this.order = [];
    for (const task of tasks.toReversed()) this.push(task, seq, before.get(task.id));
    for (const [id, entry] of before) {
      if (this.entries.has(id) || !(entry.work || entry.pending)) continue;
      this.entries.set(id, Object.assign(entry, {seq, etag: undefined}));
      this.insert(id);
    }
    this.changed();
    for (const id of this.entries.keys()) this.changed(id);
  }

  // append adds the next older page.
  append({tasks, next_cursor: next, seq}) {
    this.next = next;
    const older = [];
    for (const task of tasks.toReversed()) {
      if (this.entries.has(task.id)) continue;
      this.entries.set(task.id, {id: task.id, task, seq});
      older.push(task.id);
    }
    this.order = older.concat(this.order);
    this.changed();
  }

  push(task, seq, from) {
    this.entries.set(task.id, Object.assign(from ?? {id: task.id}, {task, seq, etag: undefined, deleted: undefined}));
    this.order.push(task.id);
  }

  // receive applies an event of the stream and returns the task as it was before.
  receive(event) {
    if (this.requests > 0) this.recent.push(event);
    const before = this.entries.get(event.task.id)?.task;
    this.apply(event);
    return before;
  }

  apply({type, task, seq}) {
    const entry = this.entries.get(task.id);
    if (entry && entry.seq >= seq) return;
    if (type === 'task_deleted') {
      if (entry) this.markDeleted(entry, seq);
    } else if (entry) {
      this.update(entry, task, seq);
    } else if (this.matches(task)) {
      this.entries.set(task.id, {id: task.id, task, seq, etag: `"${seq}"`});
      if (type === 'task_created') this.order.push(task.id);
      else if (!this.insert(task.id)) return;
      this.changed();
    }
  }

  // confirm applies the answer to a request: the task in the version etag, as of the
  // event seq.
  confirm(task, etag, seq) {
    const entry = this.entries.get(task.id);
    if (!entry) return;
    if (seq >= entry.seq) this.update(entry, task, seq, etag);
    else this.refresh(entry);
  }

  update(entry, task, seq, etag = `"${seq}"`) { // a task's version is the number of its last event
    Object.assign(entry, {task, seq, etag});
    this.refresh(entry);
  }

  // refresh draws an entry, or removes it if it no longer matches the query. An entry
  // that the person works on stays.
  refresh(entry) {
    const inUse = entry.pending || entry.work || entry.problem;
    if (!inUse && (entry.deleted || !this.matches(entry.task))) this.remove(entry.id);
    else this.changed(entry.id);
  }

  // markDeleted removes a deleted task, unless a draft would be lost or a request is
  // unanswered.
  markDeleted(entry, seq) {
    entry.seq = seq;
    entry.deleted = true;
    if (entry.work?.draft) entry.work.kind = 'gone';
    else entry.work = undefined;
    this.refresh(entry);
  }

  remove(id) {
    this.proposals.delete(id);
    if (!this.entries.delete(id)) return;
    this.order.splice(this.order.lastIndexOf(id), 1);
    this.changed();
  }

  // insert puts an id in its place by age (ids are ordered by time). If that place is
  // on a page that has not been read, it drops the entry and reports false.
  insert(id) {
    let low = 0;
    let high = this.order.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.order[middle] < id) low = middle + 1;
      else high = middle;
    }
    const entry = this.entries.get(id);
    if (low === 0 && this.next !== undefined && !entry.work && !entry.pending) {
      this.entries.delete(id);
      return false;
    }
    this.order.splice(low, 0, id);
    return true;
  }

  // propose shows a new task before the server has confirmed it. Then remove drops
  // it, or adopt replaces it by the confirmed task.
  propose(task) {
    const id = `~${this.proposed = (this.proposed ?? 0) + 1}`; // sorts behind every real id
    this.proposals.set(id, task);
    this.entries.set(id, {id, task: {...task, id}, seq: 0, pending: {}, proposed: true});
    this.order.push(id);
    this.changed();
    return id;
  }

  // adopt replaces a proposal by the task, which the answer or the event brought,
  // whichever came first.
  adopt(proposal, task, etag, seq) {
    this.remove(proposal);
    if (this.entries.has(task.id) || !this.matches(task)) return;
    this.entries.set(task.id, {id: task.id, task, seq, etag, was: proposal});
    this.order.push(task.id);
    this.changed();
  }

  // proposalLike returns the id of a proposal that this new task may be.
  proposalLike(task) {
    for (const [id, {title, description}] of this.proposals) {
      if (title === task.title && description === task.description) return id;
    }
    return undefined;
  }

  // shown is the task as displayed: with the person's unconfirmed changes.
  shown(entry) {
    return entry.pending ? {...entry.task, ...entry.pending} : entry.task;
  }

  // counts are the numbers of open and completed tasks that are loaded.
  counts() {
    const counts = {open: 0, done: 0};
    for (const entry of this.entries.values()) {
      if (!entry.hidden) counts[this.shown(entry).completed ? 'done' : 'open']++;
    }
    return counts;
  }

  // completed are the loaded entries whose tasks are completed.
  completed() {
    return [...this.entries.values()].filter((entry) => !entry.hidden && this.shown(entry).completed);
  }

  matches(task) {
    const {show, q} = this.query;
    if (show !== 'all' && task.completed !== (show === 'done')) return false;
    const wanted = fold(q);
    return !wanted || fold(task.title).includes(wanted) || fold(task.description).includes(wanted);
  }
}

// fold maps letters that differ only in case to one letter, as the server does:
// character by character, so "ß" does not become "SS".
function fold(text) {
  return Array.from(text, (c) => {
    const upper = c.toUpperCase();
    return upper.length === c.length ? upper : c;
  }).join('');
}
