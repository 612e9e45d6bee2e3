// Drawing: at most once per frame, however many events a burst has, and for no
// more than a quarter of the time, so that the page answers its reader meanwhile.

const noticeable = 12; // ms: frames that take less are drawn one after the other
const longest = 400; // ms between frames

const due = new Set();
let asked = false;
let rested = 0; // when to draw again
let timer;

// inFrame has draw called in the next frame, once.
export function inFrame(draw) {
  due.add(draw);
  if (asked) return;
  asked = true;
  const wait = rested - performance.now();
  if (wait > 0) timer = setTimeout(requestFrame, wait);
  else requestAnimationFrame(drawAll);
}

function requestFrame() {
  timer = undefined;
  requestAnimationFrame(drawAll);
}

function drawAll() {
  const began = performance.now();
  asked = false;
  const now = [...due];
  due.clear();
  for (const draw of now) draw();
  setTimeout(() => { // layout and painting come after this function, and count
    const took = performance.now() - began;
    rested = took < noticeable ? 0 : performance.now() + Math.min(longest, 3 * took);
  });
}

// hurry draws at once what a person has just done.
function hurry() {
  rested = 0;
  if (timer === undefined) return;
  clearTimeout(timer);
  requestFrame();
}

for (const act of ['click', 'keydown', 'input']) addEventListener(act, hurry, {capture: true, passive: true});
