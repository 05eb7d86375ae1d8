// All that a dump would hold, and nothing else: the marker stays until the new data is in.
for (const name of given.databases) {
  const database = mongo.getDB(name);
  const there = () =>
    list(name).filter((one) => ofUsers(one.name) && one.name !== given.marker && one.name !== "system.js");
  const first = there();
  first.sort((a, b) => (a.type === "collection") - (b.type === "collection"));
  // Not by the shell's own drop(): it tells what the server says in words of its own.
  for (const one of first) must(database.runCommand({ drop: one.name, writeConcern: { w: "majority" } }));
  // No server drops this one.
  database.getCollection("system.js").deleteMany({});
  const left = there();
  if (left.length) throw new Error("cannot be dropped: " + left.map((one) => name + "." + one.name).join(", "));
}
say({});
