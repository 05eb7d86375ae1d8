// Those that are not there yet. The server's own command for it checks and moves them, as mongorestore has it done.
const created = {};
for (const what of ["users", "roles"]) {
  const fresh = admin.getCollection(given[what]);
  const there = admin.getCollection("system." + what).find({}, { _id: 1 }).toArray().map((one) => one._id);
  fresh.deleteMany({ _id: { $in: there } });
  created[what] = fresh.find({}, { _id: 1 }).toArray().map((one) => String(one._id)).sort();
}
if (created.users.length || created.roles.length) {
  must(
    admin.runCommand({
      _mergeAuthzCollections: 1,
      tempUsersCollection: "admin." + given.users,
      tempRolesCollection: "admin." + given.roles,
      db: "",
      drop: false,
      writeConcern: { w: "majority" },
    }),
  );
}
for (const what of ["users", "roles"]) admin.getCollection(given[what]).drop();
say(created);
