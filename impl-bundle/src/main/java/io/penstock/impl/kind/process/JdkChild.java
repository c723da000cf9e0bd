// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.process;

import io.penstock.impl.posix.Posix;
import java.util.concurrent.CompletableFuture;

/** A child that the JDK has started. */
final class JdkChild implements Running {
  private final Process process;
  private final CompletableFuture<Integer> exit;

  JdkChild(Process process) {
    this.process = process;
    this.exit = process.onExit().thenApply(Process::exitValue);
  }

  @Override
  public long pid() {
    return process.pid();
  }

  @Override
  public boolean isAlive() {
    return process.isAlive();
  }

  @Override
  public CompletableFuture<Integer> exit() {
    return exit;
  }

  @Override
  public void terminate() {
    // Through its handle: the process itself would close its streams, too.
    process.toHandle().destroy();
  }

  @Override
  public void kill() {
    process.toHandle().destroyForcibly();
  }

  @Override
  public int signal(Posix calls, int number, boolean group) {
    int pid = Math.toIntExact(process.pid());
    return calls.kill(group ? -pid : pid, number);
  }
}
