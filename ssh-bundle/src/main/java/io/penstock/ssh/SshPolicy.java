// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import java.util.List;
import java.util.Set;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Decides what the clients of a server may do, in place of the options of its endpoint, or beside
 * them. A listener asks the policy that its option {@code policy=NAME} names: one that was given to
 * {@link SshProvider#addPolicy}, or a service with that name as its property {@link #NAME}.
 *
 * <p>Each question says what the options and {@code authorized_keys} would answer, and each method
 * here gives that answer by default; so a policy may narrow what is configured, and widen it. As
 * long as nobody has the name, everything is refused; so is what a method throws for.
 *
 * <p>Called by several threads at once. {@link #login} with a password or answers may take its
 * time. Everything else is asked by the threads that read from the connections: it must not wait.
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
   * What a client that logs in by {@link SshLogin.Method#KEYBOARD_INTERACTIVE} is asked.
   *
   * @param login who it says it is; has no answers yet
   * @return the questions; with none, the default, the client is refused
   */
  default List<SshPrompt> prompts(SshLogin login) {
    return List.of();
  }

  /**
   * Whether a client may log in. For a public key this is asked before the client has shown that it
   * has the private one, and again then: a {@code true} lets in only who has it.
   *
   * @param login who it says it is, and how it shows that
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
