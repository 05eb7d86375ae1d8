const unlocked = must(admin.runCommand({ fsyncUnlock: 1 }));
say({ left: Number(unlocked.lockCount) });
