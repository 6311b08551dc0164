// Reads what the server sends while it draws (pages/parts/generate/routes.py): `onStart` is told how many pictures will be
// drawn, `onPiece` how many are by now and what comes next. Throws a Refusal with the server's sentence.
class Refusal extends Error {}

// "100 of 10,000 pictures drawn", in the reader's language.
function howFar(words, drawn, pictures) {
  const [some, all] = [drawn, pictures].map((count) => count.toLocaleString(document.documentElement.lang || "en"));
  return words.replace("{drawn}", some).replace("{pictures}", all);
}

async function readPieces(path, signal, onStart, onPiece) {
  const answer = await fetch(new URL(path, document.baseURI), { signal });
  if (answer.status === 400) throw new Refusal((await answer.json()).error);
  if (!answer.ok) throw new Error(answer.status);
  onStart(Number(answer.headers.get("X-Pictures")));
  const reader = answer.body.getReader();
  let bytes = new Uint8Array(0);
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const joined = new Uint8Array(bytes.length + value.length);
    joined.set(bytes);
    joined.set(value, bytes.length);
    bytes = joined;
    while (bytes.length >= 8) {
      const [drawn, length] = [0, 4].map((place) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(place, true));
      if (bytes.length < 8 + length) break;
      await onPiece(drawn, bytes.slice(8, 8 + length));
      bytes = bytes.subarray(8 + length);
    }
  }
}
