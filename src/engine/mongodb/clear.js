// All that a dump would hold, and nothing else: the marker stays until the new data is in.
const there = (name) =>
  list(name).filter((one) => ofUsers(one.name) && one.name !== given.marker && one.name !== "system.js");
const changed = () => {
  throw new Error("lifeboat_changed");
};
// What was looked at is what is dropped: nothing has come in since where there was nothing, and nothing was changed.
for (const name of given.empty) if (there(name).length) changed();
if (given.print && printOf(given.databases) !== given.print) changed();
say({ dropping: true });
for (const name of given.databases) {
  const database = mongo.getDB(name);
  const first = there(name);
  first.sort((a, b) => (a.type === "collection") - (b.type === "collection"));
  // Not by the shell's own drop(): it tells what the server says in words of its own.
  for (const one of first) must(database.runCommand({ drop: one.name, writeConcern: { w: "majority" } }));
  // No server drops this one.
  database.getCollection("system.js").deleteMany({});
  const left = there(name);
  if (left.length) throw new Error("cannot be dropped: " + left.map((one) => name + "." + one.name).join(", "));
}
say({});
