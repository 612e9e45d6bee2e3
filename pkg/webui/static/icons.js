// Icons: strokes in the colour of the text, hidden from screen readers.
import {svg, html} from './vendor/lit-html-3.3.3.js';

const icon = (strokes) => html`<svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">${strokes}</svg>`;

export const icons = {
  add: icon(svg`<path d="M10 4v12M4 10h12"/>`),
  edit: icon(svg`<path d="M12.5 4.5l3 3L7 16H4v-3zM10.8 6.2l3 3"/>`),
  remove: icon(svg`<path d="M4 6h12M8 6V4h4v2M6 6l.6 10h6.8L14 6M8.5 9v4.5M11.5 9v4.5"/>`),
  done: icon(svg`<path d="M4.5 10.5l3.7 3.7 7.3-8"/>`),
  reopened: icon(svg`<path d="M5 8a5.5 5.5 0 1 1-.6 4M4.5 4v4h4"/>`),
  search: icon(svg`<circle cx="9" cy="9" r="4.8"/><path d="M12.6 12.6L16.5 16.5"/>`),
  close: icon(svg`<path d="M5.5 5.5l9 9M14.5 5.5l-9 9"/>`),
  alert: icon(svg`<path d="M10 3.5l7 12.5H3zM10 8.5v3.5M10 14v.2"/>`),
};

// mark is the logo.
export const mark = html`<svg class="mark" viewBox="0 0 24 24" aria-hidden="true"><rect width="24" height="24" rx="7"/><path d="M6.5 12.5l3.6 3.6 7.4-8.2"/></svg>`;

// sheet is the drawing for an empty list.
export const sheet = html`<svg class="sheet" viewBox="0 0 96 72" aria-hidden="true" focusable="false">
  <rect class="back" x="22" y="6" width="52" height="60" rx="8"/>
  <rect class="front" x="16" y="10" width="52" height="56" rx="8"/>
  <path class="lines" d="M36 26h22M36 38h22M36 50h14"/>
  <path class="tick" d="M23.5 26l3 3 4.5-5.5"/>
  <rect class="box" x="23.5" y="34.5" width="7" height="7" rx="2"/>
  <rect class="box" x="23.5" y="46.5" width="7" height="7" rx="2"/>
</svg>`;
