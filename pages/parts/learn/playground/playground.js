// Streamlit's entrance to the playground: what it is made of comes from files of our own (pages/parts/learn/playground).
export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".playground");
  let stop = () => {};
  let ended = false;
  import(new URL(`${data.address}/page.js`, document.baseURI)).then(({ show }) => {
    if (!ended) stop = show(root, data);
  });
  return () => { ended = true; stop(); };
}
