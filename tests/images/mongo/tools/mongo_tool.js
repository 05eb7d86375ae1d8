// What both stand-ins share: arguments, connection, the pieces of an archive. They speak the documented format
// (common/archive/spec of the tools' own repository) as far as the tests need it, against a real server.
'use strict';
const fs = require('fs');
const { MongoClient, BSON } = require('/usr/local/lib/mongosh/node_modules/mongodb');
const { DocumentSequence } = require('/usr/local/lib/mongosh/node_modules/mongodb/lib/cmap/commands.js');

const MAGIC = Buffer.from([0x6d, 0xe2, 0x99, 0x81]);
const TERMINATOR = Buffer.from([0xff, 0xff, 0xff, 0xff]);
const BUCKETS = 'system.buckets.';
// Nothing is changed on its way: numbers stay of their kind, expressions and bytes what they are.
const AS_IT_IS = { promoteValues: false, promoteBuffers: false, bsonRegExp: true };

const log = (text) => fs.writeSync(2, `${new Date().toISOString()}\t${text}\n`);

// `--name=value`, `--name value` for those that take one, `--name`.
function options(known) {
  const found = {};
  const words = process.argv.slice(2);
  while (words.length) {
    const [, name, , joined] = /^--([^=]+)(=([^]*))?$/.exec(words.shift()) || [];
    if (!(name in known)) {
      log('error parsing command line options: unknown option');
      process.exit(1);
    }
    let value = joined;
    if (known[name] === 'value' && value === undefined) value = words.shift();
    found[name] = known[name] === 'value' ? [...(found[name] || []), value] : value === undefined ? true : value;
  }
  return found;
}

const CONNECTION = { host: 'value', port: 'value', username: 'value', authenticationDatabase: 'value', config: 'value' };

async function connect(given) {
  const last = (name) => (given[name] || []).at(-1);
  let account = '';
  if (last('username')) {
    const config = last('config') ? fs.readFileSync(last('config'), 'utf8') : 'password: ""';
    const password = JSON.parse(/^password: (".*")$/m.exec(config)[1]);
    account = `${encodeURIComponent(last('username'))}:${encodeURIComponent(password)}@`;
  }
  const preference = last('readPreference') || 'primary';
  const uri = `mongodb://${account}${last('host') || 'localhost'}:${last('port') || 27017}/?directConnection=true`;
  const client = new MongoClient(uri, {
    authSource: last('authenticationDatabase') || 'admin',
    readPreference: preference,
    serverSelectionTimeoutMS: 5000,
  });
  return client.connect();
}

function version(name) {
  if (process.argv[2] !== '--version') return;
  console.log(`${name} version: stand-in`);
  process.exit(0);
}

function fail(error) {
  log(`Failed: ${error.message}`);
  process.exit(1);
}

// CRC-64 (ECMA-182, reflected) in two halves: integers of 64 bits are slow here.
const HIGH = new Uint32Array(256);
const LOW = new Uint32Array(256);
for (let byte = 0; byte < 256; byte++) {
  let crc = BigInt(byte);
  for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ 0xc96c5795d7870f42n : crc >> 1n;
  HIGH[byte] = Number(crc >> 32n);
  LOW[byte] = Number(crc & 0xffffffffn);
}

class Sum {
  high = 0xffffffff;
  low = 0xffffffff;
  add(bytes) {
    let { high, low } = this;
    for (let i = 0; i < bytes.length; i++) {
      const at = (low ^ bytes[i]) & 0xff;
      low = ((low >>> 8) | (high << 24)) ^ LOW[at];
      high = (high >>> 8) ^ HIGH[at];
    }
    this.high = high >>> 0;
    this.low = low >>> 0;
  }
  // As the format has it: a signed number of 64 bits.
  value() {
    const half = (word) => BigInt((~word) >>> 0);
    return BSON.Long.fromBigInt(BigInt.asIntN(64, (half(this.high) << 32n) | half(this.low)));
  }
}

module.exports = {
  AS_IT_IS, BSON, BUCKETS, CONNECTION, DocumentSequence, MAGIC, Sum, TERMINATOR, connect, fail, log, options, version,
};
