// Drawing at most once per frame, however many events a burst has, and for at most a
// quarter of the time, so that the page stays responsive.

const cheapFrame = 12; // ms; frames that take less are not delayed
const maxDelay = 400; // ms between frames

const pending = new Set();
let scheduled = false;
let nextDraw = 0; // not before this time
let timer;

// inFrame calls draw in the next frame, once.
export function inFrame(draw) {
  pending.add(draw);
  if (scheduled) return;
  scheduled = true;
  const wait = nextDraw - performance.now();
  if (wait > 0) timer = setTimeout(requestFrame, wait);
  else requestAnimationFrame(drawAll);
}

function requestFrame() {
  timer = undefined;
  requestAnimationFrame(drawAll);
}

function drawAll() {
  const began = performance.now();
  scheduled = false;
  const now = [...pending];
  pending.clear();
  for (const draw of now) draw();
  setTimeout(() => { // after layout and painting, which count too
    const took = performance.now() - began;
    nextDraw = took < cheapFrame ? 0 : performance.now() + Math.min(maxDelay, 3 * took);
  });
}

// drawNow shows the person's own action without delay.
function drawNow() {
  nextDraw = 0;
  if (timer === undefined) return;
  clearTimeout(timer);
  requestFrame();
}

for (const act of ['click', 'keydown', 'input']) addEventListener(act, drawNow, {capture: true, passive: true});
