// Words, numbers and times in the reader's language.
import {catalogue} from './messages.js';

// The first of the browser's languages that the catalogue has.
export const lang = navigator.languages
  .map((name) => name.toLowerCase().split('-')[0])
  .find((name) => name === 'en' || name === 'es') ?? 'en';

const column = lang === 'es' ? 1 : 0;
const plurals = new Intl.PluralRules(lang);
const numbers = new Intl.NumberFormat(lang);
const relative = new Intl.RelativeTimeFormat(lang, {numeric: 'auto', style: 'short'});
const clock = new Intl.DateTimeFormat(lang, {hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false});
const moment = new Intl.DateTimeFormat(lang, {dateStyle: 'medium', timeStyle: 'medium'});

// t is the text of a key, with {name} replaced by values.name.
export function t(key, values) {
  const text = catalogue[key][column];
  if (!values) return text;
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

// plural is the text for a number: of key.one or key.other, with {n} the number.
export function plural(key, n) {
  const form = plurals.select(n) === 'one' ? 'one' : 'other';
  return t(`${key}.${form}`, {n: number(n)});
}

export const number = (n) => numbers.format(n);
export const timeOfDay = (date) => clock.format(date);
export const fullTime = (date) => moment.format(date);

// The steps of a time span, from the largest.
const steps = [['year', 31536000], ['month', 2592000], ['day', 86400], ['hour', 3600], ['minute', 60]];

// ago is the time since a date, in its largest unit.
export function ago(date, now = Date.now()) {
  const seconds = Math.max(0, (now - date) / 1000);
  for (const [unit, size] of steps) {
    if (seconds >= size) return relative.format(-Math.floor(seconds / size), unit);
  }
  return t('time.now');
}

// span is a duration in its two largest units: "3 min", "2 h 5 min".
export function span(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor(s / 60) % 60} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor(s / 3600) % 24} h`;
}

// bytes is an amount of memory.
export function bytes(n) {
  const mb = n / (1 << 20);
  return `${numbers.format(mb < 10 ? Math.round(mb * 10) / 10 : Math.round(mb))} MiB`;
}
