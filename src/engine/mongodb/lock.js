// The lock belongs to the server, and outlives whoever took it: so whoever took it stays, and gives it back when he
// is told to, and when nobody is there any more to tell him: then his standard input ends.
must(admin.runCommand({ fsync: 1, lock: true }));
try {
  say({ locked: true });
  const heard = Buffer.alloc(4096);
  for (;;) {
    let bytes = 0;
    try {
      bytes = require("fs").readSync(0, heard, 0, heard.length, null);
    } catch (error) {
      // mongosh has made it non-blocking: nothing is there yet.
      if (error.code !== "EAGAIN") break;
      sleep(100);
      continue;
    }
    if (bytes === 0 || heard.toString("utf8", 0, bytes).includes("release")) break;
  }
} finally {
  must(admin.runCommand({ fsyncUnlock: 1 }));
}
say({ locked: false });
