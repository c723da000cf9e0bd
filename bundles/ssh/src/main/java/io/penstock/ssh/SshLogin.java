// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import java.net.SocketAddress;
import java.security.PublicKey;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/** A client that wants to log in. Immutable; its {@code toString} has no secret. */
@ProviderType
public final class SshLogin {
  /** How a client proves its identity. */
  @ProviderType
  public enum Method {
    /** By a signature. */
    PUBLIC_KEY,
    /** By a password that it sends. */
    PASSWORD,
    /** By answers to questions. */
    KEYBOARD_INTERACTIVE
  }

  private final Method method;
  private final String user;
  private final @Nullable SocketAddress peer;
  private final @Nullable PublicKey key;
  private final List<String> answers;
  private final boolean configured;

  private SshLogin(
      Method method,
      String user,
      @Nullable SocketAddress peer,
      @Nullable PublicKey key,
      List<String> answers,
      boolean configured) {
    this.method = Objects.requireNonNull(method, "method");
    this.user = Objects.requireNonNull(user, "user");
    this.peer = peer;
    this.key = key;
    this.answers = answers;
    this.configured = configured;
  }

  /**
   * By a public key.
   *
   * @param user the name that the client gives
   * @param peer where it comes from; null where there is no address
   * @param key the key
   * @param configured whether {@code authorized_keys} has it for this client
   * @return the login
   */
  public static SshLogin byKey(
      String user, @Nullable SocketAddress peer, PublicKey key, boolean configured) {
    return new SshLogin(
        Method.PUBLIC_KEY, user, peer, Objects.requireNonNull(key, "key"), List.of(), configured);
  }

  /**
   * By typed text.
   *
   * @param method password or questions
   * @param user the name that the client gives
   * @param peer where it comes from; null where there is no address
   * @param answers the password alone, or the answers in the order of the questions
   * @return the login; never configured, because no option has a password
   * @throws IllegalArgumentException if the method is by public key
   */
  public static SshLogin byAnswers(
      Method method, String user, @Nullable SocketAddress peer, List<String> answers) {
    if (method == Method.PUBLIC_KEY) {
      throw new IllegalArgumentException("method is PUBLIC_KEY, expected one with answers");
    }
    return new SshLogin(method, user, peer, null, List.copyOf(answers), false);
  }

  /**
   * How the client proves its identity.
   *
   * @return the method
   */
  public Method method() {
    return method;
  }

  /**
   * The name of the user that the client claims to be.
   *
   * @return chosen by the client
   */
  public String user() {
    return user;
  }

  /**
   * Where it comes from.
   *
   * @return empty where there is no address
   */
  public Optional<SocketAddress> peer() {
    return Optional.ofNullable(peer);
  }

  /**
   * The public key.
   *
   * @return empty for the other methods
   */
  public Optional<PublicKey> key() {
    return Optional.ofNullable(key);
  }

  /**
   * The password alone, or the answers in the order of the questions.
   *
   * @return secrets; unmodifiable; empty for a public key; a client may send more or fewer answers
   *     than it was asked for
   */
  public List<String> answers() {
    return answers;
  }

  /**
   * Whether {@code authorized_keys} lets this client in.
   *
   * @return always false for passwords and questions
   */
  public boolean configured() {
    return configured;
  }

  @Override
  public String toString() {
    return "login of " + user + " by " + method;
  }
}
