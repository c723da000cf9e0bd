// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.run;

import io.penstock.benchmarks.server.Server;
import java.io.IOException;

/** A client of an SSH server, over one connection that is open. */
interface SshClient extends AutoCloseable {
  /** Whose it is. */
  Server server();

  /** GB/s into a command that counts. */
  double push(long bytes) throws IOException, InterruptedException;

  /** GB/s out of a command. */
  double pull(long bytes) throws IOException, InterruptedException;

  @Override
  void close() throws IOException;
}
