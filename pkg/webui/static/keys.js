// Keyboard shortcuts, and the dialog that lists them. Single-letter shortcuts can be
// turned off, since speech input triggers them by accident (WCAG 2.1.4).
import {html, render} from './vendor/lit-html-3.3.3.js';
import {t} from './text.js';

const key = 'taskctl.shortcuts';

const listed = [
  [['n'], () => t('keys.new')],
  [['/'], () => t('keys.search')],
  [['j', 'k'], () => t('keys.move')],
  [['Space'], () => t('keys.complete')],
  [['e', 'Enter'], () => t('keys.edit')],
  [['Del', '⌫'], () => t('keys.delete')],
  [['z'], () => t('keys.undo')],
  [['1', '2', '3'], () => t('keys.filter')],
  [['o'], () => t('keys.older')],
  [['Ctrl', 'Enter'], () => t('keys.save')],
  [['Esc'], () => t('keys.escape')],
  [['?'], () => t('keys.help')],
];

export class Keys {
  // deps: {list (its element), compose(), search(), filter(n), older(), edit(id), remove(id), undo()}
  constructor(deps) {
    Object.assign(this, deps);
    document.addEventListener('keydown', (event) => this.press(event));
  }

  get on() {
    return localStorage.getItem(key) !== 'off';
  }

  press(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.querySelector('dialog[open]') || isText(event.target)) return;
    const row = event.target.closest('li.task');
    const onRow = row && event.target.matches('.check');
    const act = this.actionFor(event.key, row, onRow);
    if (!act) return;
    event.preventDefault();
    act();
  }

  actionFor(pressed, row, onRow) {
    if (row && (pressed === 'ArrowDown' || pressed === 'ArrowUp')) return () => this.move(row, pressed === 'ArrowDown' ? 1 : -1);
    if (onRow && pressed === 'Enter') return () => this.edit(row.dataset.id);
    if (onRow && (pressed === 'Delete' || pressed === 'Backspace')) return () => this.remove(row.dataset.id);
    if (!this.on) return undefined;
    switch (pressed) {
      case 'n': return this.compose;
      case '/': return this.search;
      case 'j': return () => this.move(row, 1);
      case 'k': return () => this.move(row, -1);
      case 'e': return row && (() => this.edit(row.dataset.id));
      case '1': case '2': case '3': return () => this.filter(Number(pressed) - 1);
      case 'o': return this.older;
      case 'z': return this.undo;
      case '?': return () => this.help();
      default: return undefined;
    }
  }

  // move sets the focus to another row's first control: its checkbox, or the first
  // field of its editor.
  move(row, step) {
    const rows = [...this.list.querySelectorAll('li.task:not([inert])')].filter(control);
    const at = row ? rows.indexOf(row) + step : 0;
    const target = rows[Math.max(0, Math.min(rows.length - 1, at))];
    control(target)?.focus({preventScroll: true});
    target?.scrollIntoView({block: 'nearest'});
  }

  help() {
    const dialog = document.createElement('dialog');
    dialog.className = 'dialog help';
    dialog.setAttribute('aria-labelledby', 'keys-title');
    const toggle = (event) => localStorage.setItem(key, event.target.checked ? 'on' : 'off');
    render(html`
      <form method="dialog">
        <h2 id="keys-title" tabindex="-1" autofocus>${t('keys.title')}</h2>
        <dl>${listed.map(([names, what]) => html`
          <div><dt>${names.map((name) => html`<kbd>${name}</kbd>`)}</dt><dd>${what()}</dd></div>`)}</dl>
        <label class="switch"><input type="checkbox" .checked=${this.on} @change=${toggle}><span>${t('keys.on')}</span></label>
        <div class="buttons"><button class="button primary">${t('keys.close')}</button></div>
      </form>`, dialog);
    dialog.addEventListener('close', () => dialog.remove());
    dialog.addEventListener('click', (event) => event.target === dialog && dialog.close());
    document.body.append(dialog);
    dialog.showModal();
  }
}

// control is the first element of a row that can have the focus.
function control(row) {
  return row?.querySelector('input:enabled, button:enabled');
}

function isText(element) {
  return element.matches('textarea, select, input:not([type=checkbox]):not([type=radio])');
}
