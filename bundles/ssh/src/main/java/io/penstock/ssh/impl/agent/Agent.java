// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.agent;

import java.io.IOException;
import java.security.PublicKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.sshd.agent.common.AbstractAgentProxy;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.config.keys.OpenSshCertificate;
import org.apache.sshd.common.session.SessionContext;
import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.common.util.buffer.ByteArrayBuffer;
import org.jspecify.annotations.Nullable;

/**
 * An agent for one login: its keys are listed at once, and it signs until the login is over or
 * late. The library knows the form of the messages.
 */
public final class Agent extends AbstractAgentProxy {
  private final AgentSocket socket;
  private final long deadline;
  private final List<Map.Entry<PublicKey, String>> keys = new ArrayList<>();
  private volatile @Nullable String refusal;

  /**
   * Takes over a connection, and asks for the keys.
   *
   * @param deadline as {@link System#nanoTime} counts; for everything
   * @throws IOException if the agent does not answer, or not in its form
   */
  public Agent(AgentSocket socket, long deadline) throws IOException {
    super(null);
    this.socket = socket;
    this.deadline = deadline;
    try {
      for (Map.Entry<PublicKey, String> each : super.getIdentities()) {
        keys.add(each);
      }
    } catch (IOException e) {
      close();
      throw e;
    } catch (RuntimeException | Error e) {
      close();
      throw new IOException("agent: " + socket.path() + " lists its keys in no known form", e);
    }
  }

  @Override
  public Iterable<? extends Map.Entry<PublicKey, String>> getIdentities() {
    return keys;
  }

  /** Its keys. */
  public List<PublicKey> keys() {
    return keys.stream().map(Map.Entry::getKey).toList();
  }

  /** Notes that it has not signed. */
  void refuses(Exception reason) {
    refusal = reason.getMessage();
  }

  /** Why it has not signed, the last time that it did not; null if it always has. */
  public @Nullable String refusal() {
    return refusal;
  }

  /** For a certificate its key signs; the library takes that for a signature of another kind. */
  @Override
  public Map.Entry<String, byte[]> sign(
      SessionContext session, PublicKey key, String algorithm, byte[] data) throws IOException {
    Map.Entry<String, byte[]> signed = super.sign(session, key, algorithm, data);
    boolean meant =
        key instanceof OpenSshCertificate
            && signed.getKey().equals(KeyUtils.getSignatureAlgorithm(algorithm, key));
    return meant ? Map.entry(algorithm, signed.getValue()) : signed;
  }

  @Override
  protected Buffer request(Buffer message) throws IOException {
    int unused = message.getInt();
    return new ByteArrayBuffer(socket.ask(message.getCompactData(), deadline));
  }

  @Override
  public boolean isOpen() {
    return socket.isOpen();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }

  @Override
  public String toString() {
    return "agent " + socket.path();
  }
}
