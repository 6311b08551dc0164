// Streamlit's entrance to the playground: what it is made of comes from files of our own (pages/parts/learn/playground).
export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".playground");
  let stop = () => {};
  const address = (name) => new URL(`${data.address}/${name}`, document.baseURI).href;
  // All at once: a script that imports another would be waited for before the other is asked for.
  if (!root.ganPlayground) for (const name of data.scripts) document.head.append(Object.assign(document.createElement("link"), { rel: "modulepreload", href: address(name) }));
  let ended = false;
  import(address("page.js")).then(({ show }) => {
    if (!ended) stop = show(root, data);
  });
  return () => { ended = true; stop(); };
}
