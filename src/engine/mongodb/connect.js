// Every script begins with this. The account comes by the environment: arguments can be read by everybody.
const { LIFEBOAT_USER: user, LIFEBOAT_PASSWORD: password, LIFEBOAT_ASKED: asked, LIFEBOAT_ADDRESS: address } = process.env;
const account = user ? encodeURIComponent(user) + ":" + encodeURIComponent(password || "") + "@" : "";
// This very server, whatever the set's configuration says of its name.
const mongo = new Mongo("mongodb://" + account + address + "/?directConnection=true&authSource=admin&appName=lifeboat");
const admin = mongo.getDB("admin");
const given = asked ? JSON.parse(asked) : {};
const must = (answer) => {
  if (!answer.ok) throw new Error(answer.errmsg || JSON.stringify(answer));
  return answer;
};
// What a dump holds of a database: system.js is the one collection of the system that is its users' own.
const ofUsers = (name) => !name.startsWith("system.") || name === "system.js";
const list = (database) =>
  mongo.getDB(database).getCollectionInfos({}, { nameOnly: true, authorizedCollections: true });
const say = (value) => print("lifeboat " + JSON.stringify(value));
