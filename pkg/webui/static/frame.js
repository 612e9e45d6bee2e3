// Drawing, at most once per frame however many events a burst has.

const due = new Set();
let asked = false;

// inFrame has draw called in the next frame, once.
export function inFrame(draw) {
  due.add(draw);
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    const now = [...due];
    due.clear();
    for (const each of now) each();
  });
}
