// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.penstock.fuzz.Connection;
import io.penstock.fuzz.Fuzz;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.TimeUnit;
import org.apache.sshd.client.SshClient;
import org.apache.sshd.client.keyverifier.AcceptAllServerKeyVerifier;
import org.apache.sshd.client.session.ClientSession;
import org.apache.sshd.common.keyprovider.FileKeyPairProvider;
import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.common.util.buffer.ByteArrayBuffer;

/**
 * What a client may say once it has logged in: messages, each with its length in a byte in front,
 * encrypted as they are. They cost that connection only, which ends when the client closes it.
 */
class SshAfterLoginFuzzTest {
  private static final long SECONDS = 8;
  private static final int GLOBAL_REQUEST = 80;
  private static final int HEADROOM = 64;
  private static final SshClient CLIENT = client();

  private static SshClient client() {
    int unused = SshServer.port();
    SshClient client = SshClient.setUpDefaultClient();
    client.setServerKeyVerifier(AcceptAllServerKeyVerifier.INSTANCE);
    client.setKeyIdentityProvider(new FileKeyPairProvider(SshServer.KEY));
    // The others take long, and are not what is tried here.
    client.setKeyExchangeFactories(
        client.getKeyExchangeFactories().stream()
            .filter(each -> each.getName().equals("curve25519-sha256"))
            .toList());
    client.start();
    return client;
  }

  @FuzzTest
  void input(byte[] data) {
    fuzzerTestOneInput(data);
  }

  /** What the fuzzer calls. */
  public static void fuzzerTestOneInput(byte[] data) {
    try (ClientSession session = login()) {
      try {
        say(session, data);
      } catch (IOException e) {
        // The server has cut it.
        Fuzz.holds(e.getMessage() != null || e.getCause() != null, "no message");
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Connection.uncaught();
  }

  private static ClientSession login() throws IOException {
    ClientSession session =
        CLIENT
            .connect("me", "127.0.0.1", SshServer.port())
            .verify(SECONDS, TimeUnit.SECONDS)
            .getSession();
    boolean unused = session.auth().verify(SECONDS, TimeUnit.SECONDS).isSuccess();
    return session;
  }

  private static void say(ClientSession session, byte[] data) throws IOException {
    int at = 0;
    while (at < data.length) {
      int end = Math.min(data.length, at + 1 + (data[at] & 255));
      int length = end - at - 1;
      if (length > 0) {
        ByteArrayBuffer message = new ByteArrayBuffer(length + HEADROOM);
        message.rpos(5);
        message.wpos(5);
        message.putRawBytes(data, at + 1, length);
        boolean unused = session.writePacket(message).await(SECONDS, TimeUnit.SECONDS);
      }
      at = end;
    }
    // An answer shows that the server has come this far.
    if (session.isOpen()) {
      Buffer asked = session.createBuffer((byte) GLOBAL_REQUEST);
      asked.putString("keepalive@openssh.com");
      asked.putBoolean(true);
      Object unused = session.request("keepalive@openssh.com", asked, SECONDS, TimeUnit.SECONDS);
    }
  }
}
