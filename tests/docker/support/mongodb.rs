//! A MongoDB server in its container.

use super::{Container, LONG, wait_until};
use serde_json::Value;
use std::ops::Deref;

/// The image that everything is tried with.
pub const IMAGE: &str = "mongo:6.0";

/// The root user's name.
pub const USER: &str = "the root";

/// His password.
pub const PASSWORD: &str = "pa$$ 'word\" of-the: root\\%ä";

/// A running server.
pub struct Mongodb {
    container: Container,
    password: Option<String>,
}

impl Mongodb {
    /// A new server by itself that asks for a password.
    pub fn start() -> Self {
        let user = format!("MONGO_INITDB_ROOT_USERNAME={USER}");
        let password = format!("MONGO_INITDB_ROOT_PASSWORD={PASSWORD}");
        Self::start_with(&["--env", &user, "--env", &password], &[], Some(PASSWORD))
    }

    /// A new server by itself that asks nobody who he is.
    pub fn start_open() -> Self {
        Self::start_with(&[], &[], None)
    }

    /// The only member of a replica set, which asks nobody who he is.
    pub fn start_set() -> Self {
        let server = Self::start_with(&[], &["--replSet", "rs0"], None);
        server.js("rs.initiate({_id: 'rs0', members: [{_id: 0, host: '127.0.0.1:27017'}]})");
        wait_until("a primary", LONG, || {
            server.js("print(db.hello().isWritablePrimary)") == "true"
        });
        server
    }

    /// One that is started and told its password in another way.
    pub fn start_with(options: &[&str], arguments: &[&str], password: Option<&str>) -> Self {
        let mut all = vec!["--tmpfs", "/data/db"];
        all.extend(options);
        // Little memory, and no account of itself.
        let mut command = vec!["mongod", "--wiredTigerCacheSizeGB", "0.3", "--setParameter"];
        command.push("diagnosticDataCollectionEnabled=false");
        command.extend(arguments);
        let server = Self {
            container: Container::run(IMAGE, &all, &command),
            password: password.map(str::to_owned),
        };
        // While the root user is made, the server listens on nothing but the loopback, and asks nobody for a password.
        wait_until("the server", LONG, || {
            let up = server
                .try_js("print(db.adminCommand({connectionStatus: 1}).authInfo.authenticatedUsers.length)");
            up.is_ok_and(|users| users == usize::from(password.is_some()).to_string())
                && !server.processes().contains("first-start")
        });
        server
    }

    /// What a script prints; it has to succeed.
    pub fn js(&self, script: &str) -> String {
        self.try_js(script)
            .unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// What a script prints, or what it says instead.
    pub fn try_js(&self, script: &str) -> Result<String, String> {
        let password = self.password.as_ref();
        let account = password.map_or(String::new(), |password| {
            let part = |text: &str| Value::from(text).to_string();
            format!(
                "encodeURIComponent({})+':'+encodeURIComponent({})+'@'+",
                part(USER),
                part(password)
            )
        });
        let script = format!(
            "db = new Mongo('mongodb://'+{account}'127.0.0.1:27017/?directConnection=true').getDB('test');\n{script}"
        );
        let run = "f=$(mktemp) && cat >$f && HOME=/dev/null mongosh --nodb --quiet --norc $f; code=$?; rm -f $f; exit $code";
        let output = self.exec_with(&["sh", "-c", run], script.as_bytes());
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if !output.status.success() {
            return Err(text(&output.stdout) + &text(&output.stderr));
        }
        let stdout = text(&output.stdout);
        let said = |line: &&str| !line.starts_with("Warning: Could not access file");
        Ok(stdout.lines().filter(said).collect::<Vec<_>>().join("\n"))
    }

    /// What a script prints as JSON.
    pub fn json(&self, script: &str) -> Value {
        let text = self.js(&format!("print(JSON.stringify({script}))"));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{script}: {error}: {text}"))
    }

    /// Everything there is: of each collection its options, indexes, and documents; users and roles.
    pub fn told(&self) -> Value {
        serde_json::from_str(&self.js(include_str!("../mongodb/told.js"))).unwrap()
    }

    /// The databases of users.
    pub fn databases(&self) -> Vec<String> {
        let names = self.json(
            "db.adminCommand({listDatabases: 1, nameOnly: true}).databases.map(d => d.name)
             .filter(n => !['admin', 'config', 'local'].includes(n)).sort()",
        );
        serde_json::from_value(names).unwrap()
    }

    /// Drops all databases of users, and all users and roles but the one who does it.
    pub fn drop_everything(&self) {
        self.js(
            "for (const {name} of db.adminCommand({listDatabases: 1}).databases) {
               if (!['admin', 'config', 'local'].includes(name)) db.getSiblingDB(name).dropDatabase();
             }
             const admin = db.getSiblingDB('admin');
             for (const user of admin.system.users.find().toArray()) {
               if (user.roles.every(r => r.role !== 'root')) db.getSiblingDB(user.db).dropUser(user.user);
             }
             for (const role of admin.system.roles.find().toArray()) db.getSiblingDB(role.db).dropRole(role.role);",
        );
        assert_eq!(self.databases(), Vec::<String>::new());
    }

    /// Whether writes are locked.
    pub fn locked(&self) -> bool {
        self.js("print(Boolean(db.adminCommand({currentOp: 1, $ownOps: true}).fsyncLock))") == "true"
    }

    /// A database of noise, too large to pass through all buffers.
    pub fn fill_with_noise(&self, database: &str) {
        self.js(&format!(
            "const noise = db.getSiblingDB({database:?}).noise;
             for (let i = 0; i < 80; i++) {{
               noise.insertOne({{_id: i, bytes: new BinData(0, require('crypto').randomBytes(1 << 20).toString('base64'))}});
             }}"
        ));
    }
}

impl Deref for Mongodb {
    type Target = Container;

    fn deref(&self) -> &Container {
        &self.container
    }
}
