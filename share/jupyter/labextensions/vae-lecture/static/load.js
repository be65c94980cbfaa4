// JupyterLab takes an extension from a container as a build tool would make it. Here is one for an ordinary module: nothing has to be built.
{
  const here = document.currentScript.src;
  (window._JUPYTERLAB ??= {})["vae-lecture"] = {
    init() {},
    async get() {
      const extension = await import(new URL("deck.js", here));
      return () => ({ __esModule: true, default: extension.default });
    },
  };
}
