// Signing in, where the server needs a token. It is exchanged for a cookie that
// scripts cannot read, and which the browser sends with requests, streams and
// WebSockets, also after a reload.
import {root} from './api.js';
import {html, render} from './vendor/lit-html-3.3.3.js';
import {t} from './text.js';

// inBytes is a text as UTF-8, one character per byte, since headers carry bytes.
const inBytes = (text) => String.fromCharCode(...new TextEncoder().encode(text));

const session = (method, headers) => fetch(new URL('session', root), {method, headers, cache: 'no-store'});

// signIn resolves when the browser is signed in, which it may be already.
export async function signIn() {
  const {scope} = await (await session('GET')).json();
  if (scope === 'public') await askForToken();
}

let asking = null;

// askForToken resolves when the person has entered a token that is valid. Calls
// while the dialog is open share its result.
export function askForToken() {
  asking ??= new Promise((resolve) => {
    const dialog = document.createElement('dialog');
    dialog.className = 'dialog token';
    dialog.setAttribute('aria-labelledby', 'token-title');
    const submit = async (event) => {
      event.preventDefault();
      const input = dialog.querySelector('input');
      const given = input.value.trim();
      if (!given) return;
      let status = 0;
      try {
        ({status} = await session('POST', {Authorization: `Bearer ${inBytes(given)}`}));
      } catch { /* there is no answer */ }
      if (status !== 200) {
        show(t(status === 401 ? 'token.wrong' : 'problem.unreachable'));
        input.value = '';
        return;
      }
      asking = null;
      dialog.close();
      dialog.remove();
      resolve();
    };
    const show = (problem) => render(html`
      <form @submit=${submit}>
        <h2 id="token-title">${t('token.title')}</h2>
        <p>${t('token.why')}</p>
        ${problem ? html`<p class="problem" role="alert">${problem}</p>` : ''}
        <label class="field"><span>${t('token.label')}</span>
          <input type="password" autocomplete="current-password" spellcheck="false" required></label>
        <div class="buttons"><button class="button primary">${t('token.go')}</button></div>
      </form>`, dialog);
    show('');
    dialog.addEventListener('cancel', (event) => event.preventDefault()); // there is no page without the token
    document.body.append(dialog);
    dialog.showModal();
  });
  return asking;
}
