// All that a dump would hold, and nothing else: the marker stays until the new data is in.
for (const name of given.databases) {
  const database = mongo.getDB(name);
  const there = () => list(name).filter((one) => ofUsers(one.name) && one.name !== given.marker);
  const first = there();
  first.sort((a, b) => (a.type === "collection") - (b.type === "collection"));
  for (const one of first) database.getCollection(one.name).drop();
  const left = there();
  if (left.length) throw new Error("cannot be dropped: " + left.map((one) => name + "." + one.name).join(", "));
}
say({});
