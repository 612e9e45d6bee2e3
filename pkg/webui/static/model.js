// The tasks that this page knows. Nothing here touches the document.
//
// Each entry knows the event it is as new as (seq), so that whatever arrives late
// or twice (an event, a page, an answer) changes nothing. Answers that are older
// than events which arrived while they were under way are brought up to date from
// a journal of those events.

export class Model {
  // changed(id) is called for each entry to draw again, changed() when entries
  // came, went or moved.
  constructor(changed) {
    this.changed = changed;
    this.entries = new Map(); // by id
    this.order = []; // ids, oldest first: new ones come at the cheap end
    this.query = {show: 'all', q: ''};
    this.next = undefined; // the cursor of older tasks; undefined: there are none
    this.proposals = new Map(); // tasks that the server has not answered for yet, by their ids here
    this.journal = [];
    this.waiting = 0; // answers under way
  }

  // during gives use the answer of a request, and then applies what is newer than
  // that and came before it.
  async during(request, use) {
    this.waiting++;
    try {
      const answer = await request;
      use(answer);
      for (const event of this.journal) {
        if (event.seq > answer.seq) this.apply(event);
      }
    } finally {
      if (--this.waiting === 0) this.journal = [];
    }
  }

  // replace takes a first page in place of all there is. Entries that somebody is
  // working on stay, with their drafts.
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

  // append takes the next older page.
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

  // receive takes an event of the stream and returns the task as it was known.
  receive(event) {
    if (this.waiting > 0) this.journal.push(event);
    const before = this.entries.get(event.task.id)?.task;
    this.apply(event);
    return before;
  }

  apply({type, task, seq}) {
    const entry = this.entries.get(task.id);
    if (entry && entry.seq >= seq) return;
    if (type === 'task_deleted') {
      if (entry) this.gone(entry, seq);
    } else if (entry) {
      this.update(entry, task, seq);
    } else if (this.matches(task)) {
      this.entries.set(task.id, {id: task.id, task, seq, etag: `"${seq}"`});
      if (type === 'task_created') this.order.push(task.id);
      else if (!this.insert(task.id)) return;
      this.changed();
    }
  }

  // confirm takes the answer to a write of one's own, or to a fresh look: the task
  // in the version etag, as of the event seq.
  confirm(task, etag, seq) {
    const entry = this.entries.get(task.id);
    if (!entry) return;
    if (seq >= entry.seq) this.update(entry, task, seq, etag);
    else this.settle(entry);
  }

  update(entry, task, seq, etag = `"${seq}"`) { // a task's version is the number of its last event
    Object.assign(entry, {task, seq, etag});
    this.settle(entry);
  }

  // settle draws an entry, or takes it out where it no longer belongs: not while
  // somebody works on it.
  settle(entry) {
    const kept = entry.pending || entry.work || entry.problem;
    if (!kept && (entry.deleted || !this.matches(entry.task))) this.remove(entry.id);
    else this.changed(entry.id);
  }

  // gone takes a deleted task out, unless a draft would be lost with it, or an
  // answer is still to come.
  gone(entry, seq) {
    entry.seq = seq;
    entry.deleted = true;
    if (entry.work?.draft) entry.work.kind = 'gone';
    else entry.work = undefined;
    this.settle(entry);
  }

  remove(id) {
    this.proposals.delete(id);
    if (!this.entries.delete(id)) return;
    this.order.splice(this.order.lastIndexOf(id), 1);
    this.changed();
  }

  // insert puts an id in its place by age, which ids tell; it reports false, and
  // forgets the entry, where that place is on a page that has not been read.
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

  // propose shows a new task before the server has it; it is given up by remove,
  // or becomes the task it turned out to be by adopt.
  propose(task) {
    const id = `~${this.proposed = (this.proposed ?? 0) + 1}`; // sorts behind every real id
    this.proposals.set(id, task);
    this.entries.set(id, {id, task: {...task, id}, seq: 0, pending: {}, proposed: true});
    this.order.push(id);
    this.changed();
    return id;
  }

  // adopt replaces a proposal by the task, wherever that came from first.
  adopt(proposal, task, etag, seq) {
    this.remove(proposal);
    if (this.entries.has(task.id) || !this.matches(task)) return;
    this.entries.set(task.id, {id: task.id, task, seq, etag, was: proposal});
    this.order.push(task.id);
    this.changed();
  }

  // proposalLike is a proposal that this new task may be.
  proposalLike(task) {
    for (const [id, {title, description}] of this.proposals) {
      if (title === task.title && description === task.description) return id;
    }
    return undefined;
  }

  // shown is the task as it is displayed: with the person's own changes that the
  // server has not answered yet.
  shown(entry) {
    return entry.pending ? {...entry.task, ...entry.pending} : entry.task;
  }

  matches(task) {
    const {show, q} = this.query;
    if (show !== 'all' && task.completed !== (show === 'done')) return false;
    const wanted = fold(q);
    return !wanted || fold(task.title).includes(wanted) || fold(task.description).includes(wanted);
  }
}

// fold makes letters that differ in case only the same, one by one as the server
// does: "ß" does not become "SS".
function fold(text) {
  return Array.from(text, (c) => {
    const upper = c.toUpperCase();
    return upper.length === c.length ? upper : c;
  }).join('');
}
