// What a part of the page needs of the server: tried again, ever more rarely, while it cannot be had. Null once the part
// is gone. `load` is told how often it was tried before.
async function untilLoaded(load, isEnded, onTrouble = () => {}) {
  for (let pause = 1000, times = 0; !isEnded(); pause = Math.min(2 * pause, 60_000), times++) {
    try { return await load(times); } catch { onTrouble(); }
    await new Promise((done) => setTimeout(done, pause));
  }
  return null;
}

// A browser may remember of an address that no module could be loaded from it.
const loadPoll = (times) => import(new URL(`live/poll.js${times ? `?again=${times}` : ""}`, document.baseURI));

