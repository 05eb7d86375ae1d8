// What is there now. A view and a time series are not counted.
const found = {};
for (const name of given.databases) {
  const database = mongo.getDB(name);
  found[name] = {};
  for (const one of list(name)) {
    if (!ofUsers(one.name) || one.name === given.marker || one.name.startsWith("system.")) continue;
    const counted = one.type === "collection" && !given.router ? database.runCommand({ count: one.name }) : { n: 0 };
    found[name][one.name] = Number(counted.n || 0);
  }
}
say(found);
