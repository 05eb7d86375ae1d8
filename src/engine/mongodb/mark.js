for (const name of given.databases) {
  const database = mongo.getDB(name);
  if (!list(name).some((one) => one.name === given.marker)) must(database.createCollection(given.marker));
  database.getCollection(given.marker).insertOne({ since: new Date() }, { writeConcern: { w: "majority" } });
}
say({});
