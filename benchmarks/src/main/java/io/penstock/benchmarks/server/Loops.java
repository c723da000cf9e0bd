// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.server;

/** Threads of a server. What goes wrong in one ends the process, for nobody shall measure it. */
final class Loops {
  /**
   * Bytes of the read buffer of every server: what is faster. Over TCP it is better to stay in the
   * cache of a processor, between Unix sockets to ask less often.
   */
  static int buffer(Address address) {
    return (address.unix() ? 256 : 64) * 1024;
  }

  interface Body {
    void run() throws Exception;
  }

  private Loops() {}

  @SuppressWarnings("CatchAndPrintStackTrace") // Then it ends.
  static void start(Body body) {
    Thread thread =
        new Thread(
            () -> {
              try {
                body.run();
              } catch (Exception | Error e) {
                e.printStackTrace();
                Runtime.getRuntime().halt(1);
              }
            });
    thread.setDaemon(true);
    thread.start();
  }
}
