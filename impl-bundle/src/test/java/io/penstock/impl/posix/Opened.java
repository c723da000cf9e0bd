// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.posix;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Descriptors by number, as somebody else would have opened them. */
public final class Opened {
  private Opened() {}

  /** Opens a path. */
  public static int path(Posix calls, Path path, int flags) throws IOException {
    ByteBuffer name = StandardCharsets.UTF_8.encode(path + "\0");
    ByteBuffer memory = ByteBuffer.allocateDirect(name.remaining()).put(name);
    return Linux.check(
        "open", calls.with(memory, at -> calls.open(at, flags | Linux.O_CLOEXEC, 0)));
  }

  /** Both ends of a FIFO: the one to read, and the one to write. */
  public static int[] fifo(Posix calls, Path path) throws Exception {
    if (new ProcessBuilder("mkfifo", path.toString()).start().waitFor() != 0) {
      throw new IOException("mkfifo " + path);
    }
    // An open for both never waits, and neither do the others while it is there.
    int both = path(calls, path, Linux.O_RDWR);
    try {
      return new int[] {path(calls, path, Linux.O_RDONLY), path(calls, path, Linux.O_WRONLY)};
    } finally {
      calls.close(both);
    }
  }

  /** A socket with a peer: ours and its. */
  public static int[] sockets(Posix calls, String name) throws IOException {
    int type = Linux.SOCK_STREAM | Linux.SOCK_CLOEXEC;
    ByteBuffer address = SocketName.ofAbstract(name);
    int listener = Linux.check("socket", calls.socket(Linux.AF_UNIX, type, 0));
    try {
      Linux.check("bind", calls.with(address, at -> calls.bind(listener, at, address.limit())));
      Linux.check("listen", calls.listen(listener, 1));
      int client = Linux.check("socket", calls.socket(Linux.AF_UNIX, type, 0));
      Linux.check("connect", calls.with(address, at -> calls.connect(client, at, address.limit())));
      int server = Linux.check("accept4", calls.accept4(listener, 0, 0, Linux.SOCK_CLOEXEC));
      return new int[] {client, server};
    } finally {
      calls.close(listener);
    }
  }
}
