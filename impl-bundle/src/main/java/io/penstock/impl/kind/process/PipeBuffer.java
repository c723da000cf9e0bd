// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.process;

import io.penstock.impl.kind.support.SystemBuffers;
import io.penstock.impl.posix.Linux;
import io.penstock.impl.posix.Posix;
import io.penstock.impl.posix.PosixAccess;
import java.io.File;
import java.io.IOException;
import java.nio.channels.Channel;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The buffer of a child's stream. The JDK does not tell the number of the pipe's descriptor, and so
 * it is looked for by the pipe's identity.
 *
 * @param posix makes native calls
 * @param name of the channel
 * @param end of ours, which keeps the identity from being another's
 * @param identity as the links of descriptors say it
 */
record PipeBuffer(PosixAccess posix, String name, Channel end, String identity)
    implements SystemBuffers.Buffer {
  private static final String DESCRIPTORS = "/proc/self/fd";

  @Override
  public int size() throws IOException {
    return ask(Linux.F_GETPIPE_SZ, 0);
  }

  @Override
  public void resize(int bytes) throws IOException {
    ask(Linux.F_SETPIPE_SZ, bytes);
  }

  private int ask(int command, int argument) throws IOException {
    Posix calls = posix.calls(name, "the size of a child's pipe");
    String[] numbers = new File(DESCRIPTORS).list();
    for (String number : numbers == null ? new String[0] : numbers) {
      if (!is(number)) {
        continue;
      }
      int copy = calls.fcntl(Integer.parseInt(number), Linux.F_DUPFD_CLOEXEC, 0);
      if (copy < 0) {
        continue;
      }
      try {
        // The number may have become another's meanwhile.
        if (is(String.valueOf(copy)) && end.isOpen()) {
          return SystemBuffers.resized(calls.fcntl(copy, command, argument));
        }
      } finally {
        calls.close(copy);
      }
    }
    if (!end.isOpen()) {
      throw new ClosedChannelException();
    }
    throw new IOException("cannot tell which descriptor a pipe has");
  }

  private boolean is(String number) {
    try {
      return Files.readSymbolicLink(Path.of(DESCRIPTORS, number)).toString().equals(identity);
    } catch (IOException e) {
      // Closed since it was listed.
      return false;
    }
  }
}
