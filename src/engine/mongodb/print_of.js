// One hash that is another as soon as something in these databases was changed. The marker is no part of it.
const hash = (text) => require("crypto").createHash("sha256").update(text).digest("hex");
const printOf = (databases) =>
  hash(
    databases
      .map((name) => {
        const database = mongo.getDB(name);
        const infos = database
          .getCollectionInfos({}, { authorizedCollections: true })
          .filter((one) => ofUsers(one.name) && one.name !== given.marker)
          .sort((a, b) => (a.name < b.name ? -1 : 1));
        let sums = {};
        try {
          sums = must(database.runCommand({ dbHash: 1 })).collections;
        } catch (error) {
          // Not on a router, nor for every account: then the number of documents has to do.
          sums = {};
        }
        const counts = infos.map((one) => {
          if (sums[one.name]) return sums[one.name];
          const counted = one.type === "view" ? { n: 0 } : database.runCommand({ count: one.name });
          return String(counted.n);
        });
        return EJSON.stringify([name, infos, counts, database.getCollection("system.js").find().toArray()]);
      })
      .join("\n"),
  );
