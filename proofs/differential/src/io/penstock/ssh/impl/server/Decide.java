// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.server;

import io.penstock.ssh.impl.CryptoProviders;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.PublicKey;
import java.util.Base64;
import java.util.TreeMap;
import org.apache.sshd.common.util.buffer.ByteArrayBuffer;

/**
 * Reads lines "FILE KEY" and says whether this product lets a client of this machine in, and what
 * its key then is held to: "refused", or the words that are in force and the command in hexadecimal.
 */
final class Decide {
  private Decide() {}

  public static void main(String[] arguments) throws Exception {
    boolean unused = CryptoProviders.ready();
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      String[] words = line.split(" ");
      PublicKey key =
          new ByteArrayBuffer(Base64.getDecoder().decode(words[1])).getRawPublicKey();
      AuthorizedKeys keys = new AuthorizedKeys("differential", Path.of(words[0]), false);
      KeyOptions found = keys.find(key, InetAddress.getByName("127.0.0.1"));
      System.out.println(found == null ? "refused" : told(found));
    }
  }

  private static String told(KeyOptions options) {
    StringBuilder told = new StringBuilder("in");
    told.append(options.agent() ? " agent" : "");
    told.append(options.forwarding() ? " forwarding" : "");
    told.append(options.pty() ? " pty" : "");
    told.append(options.x11() ? " x11" : "");
    told.append(options.open().isEmpty() ? "" : " open");
    told.append(options.listen().isEmpty() ? "" : " listen");
    new TreeMap<>(options.environment())
        .forEach((name, value) -> told.append(" env:").append(name).append('=').append(hex(value)));
    options.command().ifPresent(command -> told.append(" command:").append(hex(command)));
    return told.toString();
  }

  private static String hex(String text) {
    StringBuilder hex = new StringBuilder();
    for (byte each : text.getBytes(StandardCharsets.UTF_8)) {
      hex.append(String.format("%02x", each));
    }
    return hex.toString();
  }
}
