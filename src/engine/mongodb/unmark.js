for (const name of given.databases) {
  const database = mongo.getDB(name);
  database.getCollection(given.marker).drop({ writeConcern: { w: "majority" } });
}
say({});
