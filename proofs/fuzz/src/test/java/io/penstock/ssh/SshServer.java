// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import io.penstock.channel.Endpoint;
import io.penstock.fuzz.Fuzz;
import io.penstock.fuzz.Scratch;
import io.penstock.relay.Relay;
import io.penstock.relay.RelayOptions;
import io.penstock.ssh.provider.SshProvider;
import io.penstock.standalone.Penstock;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;

/**
 * A listener of ours behind which each session gets back what it says, and a key that may log in.
 */
final class SshServer {
  static final Path KEY = Scratch.path("key");
  private static final Penstock PENSTOCK = Penstock.open();
  private static final int PORT = listen();

  private SshServer() {}

  static int port() {
    return PORT;
  }

  private static int listen() {
    PENSTOCK.provide(new SshProvider());
    try {
      int status =
          new ProcessBuilder(
                  List.of("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", KEY.toString()))
              .start()
              .waitFor();
      Fuzz.same(0, status, "ssh-keygen");
      Relay relay =
          PENSTOCK
              .relays()
              .create(
                  Endpoint.parse(
                      "ssh-listen://127.0.0.1:0?allow=exec,shell,pty,env,signal&hostkey="
                          + Scratch.path("host")
                          + "&authorized-keys="
                          + KEY
                          + ".pub"),
                  Endpoint.parse("echo:"),
                  RelayOptions.defaults().withFork(true));
      relay.start();
      String address = relay.listeners().get(0).endpoint().address();
      return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
