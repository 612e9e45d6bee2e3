// The token, where the server wants one: asked for once, kept as long as the tab.
import {html, render} from './vendor/lit-html-3.3.3.js';
import {t} from './text.js';

const key = 'taskctl.token';

// inBytes is a text as UTF-8, one character for each byte: headers carry bytes.
const inBytes = (text) => String.fromCharCode(...new TextEncoder().encode(text));

export const token = {
  read: () => sessionStorage.getItem(key) ?? '',
  header() {
    return `Bearer ${inBytes(this.read())}`;
  },
  // subprotocol carries it on a WebSocket, which cannot have headers of ours.
  subprotocol() {
    return 'bearer.' + btoa(inBytes(this.read())).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  },
};

let asking = null;

// askForToken resolves when the person has given a token; those who ask while
// the question is open share the answer.
export function askForToken() {
  asking ??= new Promise((resolve) => {
    const dialog = document.createElement('dialog');
    dialog.className = 'dialog token';
    dialog.setAttribute('aria-labelledby', 'token-title');
    const wrong = token.read() !== '';
    const submit = (event) => {
      event.preventDefault();
      const given = dialog.querySelector('input').value.trim();
      if (!given) return;
      sessionStorage.setItem(key, given);
      asking = null;
      dialog.close();
      dialog.remove();
      resolve();
    };
    render(html`
      <form @submit=${submit}>
        <h2 id="token-title">${t('token.title')}</h2>
        <p>${t('token.why')}</p>
        ${wrong ? html`<p class="problem" role="alert">${t('token.wrong')}</p>` : ''}
        <label class="field"><span>${t('token.label')}</span>
          <input type="password" autocomplete="current-password" spellcheck="false" required></label>
        <div class="buttons"><button class="button primary">${t('token.go')}</button></div>
      </form>`, dialog);
    dialog.addEventListener('cancel', (event) => event.preventDefault()); // there is nothing behind it yet
    document.body.append(dialog);
    dialog.showModal();
  });
  return asking;
}
