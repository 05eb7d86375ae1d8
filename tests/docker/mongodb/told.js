const hash = (text) => require('crypto').createHash('sha256').update(text).digest('hex');
const all = {};
const own = ['admin', 'config', 'local'];
for (const { name } of db.adminCommand({ listDatabases: 1, nameOnly: true }).databases) {
  if (own.includes(name)) continue;
  const database = db.getSiblingDB(name);
  // The server's own sum over every document's bytes, in the order of _id; of capped collections in theirs.
  const sums = database.runCommand({ dbHash: 1 }).collections;
  for (const info of database.getCollectionInfos().sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (info.name.startsWith('system.') && info.name !== 'system.js') continue;
    const collection = database.getCollection(info.name);
    // No server drops this one, once it is there.
    if (info.name === 'system.js' && !collection.findOne()) continue;
    const told = { type: info.type, options: info.options, sum: sums[info.name] || null };
    if (info.type !== 'view') told.indexes = collection.getIndexes().map((i) => EJSON.stringify(i)).sort();
    if (info.type !== 'collection') {
      told.documents = hash(collection.find().toArray().map((d) => EJSON.stringify(d, { relaxed: false })).sort().join());
    }
    told.count = info.type === 'view' ? 0 : collection.find().itcount();
    all[name + '.' + info.name] = told;
  }
}
const admin = db.getSiblingDB('admin');
const sorted = (what) => admin.getCollection('system.' + what).find().sort({ _id: 1 }).toArray();
all.users = sorted('users');
all.roles = sorted('roles');
print(EJSON.stringify(all, { relaxed: false }));
