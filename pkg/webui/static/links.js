// Web addresses in a text become links. The text itself stays as it is, and
// nothing but http and https addresses is linked.
import {html} from './vendor/lit-html-3.3.3.js';

const address = /\bhttps?:\/\/[^\s<>"«»“”]+/gi;
const closing = /[.,;:!?)\]}'’]+$/; // punctuation of the sentence, not of the address

// linked returns parts for a template: strings and links.
export function linked(text) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(address)) {
    const found = match[0].replace(closing, '');
    if (!URL.canParse(found)) continue;
    parts.push(text.slice(end, match.index), html`<a class="link" href=${found} target="_blank" rel="noopener noreferrer nofollow">${found}</a>`);
    end = match.index + found.length;
  }
  parts.push(text.slice(end));
  return parts;
}
