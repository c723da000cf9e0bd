// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.client;

import io.penstock.ssh.impl.CryptoProviders;
import io.penstock.ssh.impl.Where;
import io.penstock.ssh.impl.client.ClientOptions.HostKeyChecking;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.security.PublicKey;
import java.util.Base64;
import org.apache.sshd.common.util.buffer.ByteArrayBuffer;

/** Reads lines "FILE HOST PORT KEY" and says what this product makes of the server. */
final class Decide {
  private Decide() {}

  public static void main(String[] arguments) throws Exception {
    boolean unused = CryptoProviders.ready();
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      String[] words = line.split(" ");
      PublicKey key =
          new ByteArrayBuffer(Base64.getDecoder().decode(words[3])).getRawPublicKey();
      HostKeys known = new HostKeys(Path.of(words[0]), HostKeyChecking.YES);
      String wrong = known.check(new Where("me", words[1], Integer.parseInt(words[2])), key);
      String decision =
          wrong == null
              ? "trust"
              : wrong.contains("revoked by")
                  ? "revoked"
                  : wrong.contains("is not known")
                      ? "unknown"
                      : wrong.contains("it is another server") ? "changed" : "failed: " + wrong;
      System.out.println(decision);
    }
  }
}
