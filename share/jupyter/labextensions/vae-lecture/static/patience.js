// A press of Run before the notebook has its kernel waits for it. JupyterLab itself would empty the cells, and run none: "no kernel" it takes for
// "nothing to run" (CodeCell.execute), and in a notebook's first moments there is none yet.

const RUN = /^notebook:.*run/;

const activate = ({ commands, shell }) => {
  const execute = commands.execute.bind(commands);
  commands.execute = (name, given) => {
    const session = RUN.test(name) ? shell.currentWidget?.context?.sessionContext : null;
    return session && !session.isReady ? session.ready.then(() => execute(name, given)) : execute(name, given);
  };
};

export default { id: "vae-lecture:patience", description: "Run waits for the kernel.", autoStart: true, activate };
