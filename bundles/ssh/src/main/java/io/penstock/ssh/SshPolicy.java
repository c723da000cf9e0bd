// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import java.util.List;
import java.util.Set;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Decides what the clients of a server may do, instead of the options of its endpoint or in
 * addition to them. A listener asks the policy that its option {@code policy=NAME} names: one that
 * was given to {@link io.penstock.ssh.provider.SshProvider#addPolicy}, or a service with that name
 * as its property {@link #NAME}.
 *
 * <p>Each question says what the options and {@code authorized_keys} would answer, and each method
 * here gives that answer by default; so a policy may narrow or widen what is configured. As long as
 * no policy has the name, everything is refused. A question for which a method throws is refused,
 * too.
 *
 * <p>Called by several threads at once. {@link #login} with a password or answers may wait. All
 * other methods are called by the threads that read from the connections, and must not wait.
 */
@ConsumerType
public interface SshPolicy {
  /** Service property: the name by which listeners find the policy. */
  String NAME = "penstock.name";

  /**
   * The ways to log in that are offered to clients; each connection asks once.
   *
   * @return at least one; public keys only by default
   */
  default Set<SshLogin.Method> methods() {
    return Set.of(SshLogin.Method.PUBLIC_KEY);
  }

  /**
   * The questions for a client that logs in by {@link SshLogin.Method#KEYBOARD_INTERACTIVE}.
   *
   * @param login the identity that the client claims; has no answers yet
   * @return the questions; with none, the default, the client is refused
   */
  default List<SshPrompt> prompts(SshLogin login) {
    return List.of();
  }

  /**
   * Whether a client may log in. For a public key this is asked before the client has shown that it
   * has the private one, and again then: a {@code true} lets in only a client that has it.
   *
   * @param login the identity that the client claims, and how it proves it
   * @return true to let it in; what is configured by default, which is never more than public keys
   */
  default boolean login(SshLogin login) {
    return login.configured();
  }

  /**
   * Whether a client that is logged in gets what it asks for.
   *
   * @param question what it asks for
   * @return true to grant it; what is configured by default
   */
  default boolean permits(SshQuestion question) {
    return question.configured();
  }
}
