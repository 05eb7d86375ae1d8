const hello = must(admin.runCommand({ hello: 1 }));
const { authenticatedUsers: who, authenticatedUserRoles: roles } = must(
  admin.runCommand({ connectionStatus: 1 }),
).authInfo;
const databases = [];
for (const database of must(admin.runCommand({ listDatabases: 1 })).databases) {
  const own = ["admin", "config", "local"].includes(database.name);
  let names = [];
  try {
    names = own ? [] : list(database.name).map((one) => one.name);
    // It can only be emptied, never dropped.
    const functions = names.includes("system.js") && mongo.getDB(database.name).getCollection("system.js").findOne();
    if (!functions) names = names.filter((name) => name !== "system.js");
  } catch (error) {
    // Dropped meanwhile, or not this account's to see: the dump will say.
    names = [];
  }
  const users = names.filter(ofUsers).sort();
  databases.push({
    name: database.name,
    bytes: Number(database.sizeOnDisk || 0),
    collections: users.filter((name) => name !== given.marker).slice(0, 5),
    restoring: users.includes(given.marker),
  });
}
let reads_users = true;
try {
  admin.getCollection("system.users").findOne({}, { _id: 1 });
  admin.getCollection("system.roles").findOne({}, { _id: 1 });
} catch (error) {
  reads_users = false;
}
// Made once, with the first files, and replicated: of a set every member has it.
let system_identifier = null;
try {
  const { uuid } = admin.getCollectionInfos({ name: "system.version" })[0].info;
  system_identifier = uuid.toHexString ? uuid.toHexString() : String(uuid);
} catch (error) {
  // Not this account's to see.
}
let locked = false;
try {
  locked = Boolean(admin.runCommand({ currentOp: 1, $ownOps: true }).fsyncLock);
} catch (error) {
  locked = false;
}
say({
  version: must(admin.runCommand({ buildInfo: 1 })).version,
  set: hello.setName || null,
  system_identifier,
  router: hello.msg === "isdbgrid",
  writable: Boolean(hello.isWritablePrimary),
  user: who.length ? who[0].user : null,
  roles: roles.map((one) => (one.db === "admin" ? one.role : one.role + "@" + one.db)),
  reads_users,
  locked,
  databases,
});
