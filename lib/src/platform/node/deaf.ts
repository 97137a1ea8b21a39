/** Stop and Ctrl-C reach every process of a group: the one that started this process decides. Imported before what takes time to load. */
process.on('SIGINT', () => undefined);
