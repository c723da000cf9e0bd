// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.client;

import io.penstock.ssh.impl.Untrusted;
import java.util.Arrays;
import java.util.List;
import org.apache.sshd.client.SshClient;
import org.apache.sshd.client.auth.keyboard.UserAuthKeyboardInteractive;
import org.apache.sshd.client.auth.keyboard.UserAuthKeyboardInteractiveFactory;
import org.apache.sshd.client.auth.keyboard.UserInteraction;
import org.apache.sshd.client.auth.password.PasswordAuthenticationReporter;
import org.apache.sshd.client.session.ClientSession;
import org.apache.sshd.common.AttributeRepository.AttributeKey;
import org.jspecify.annotations.Nullable;

/**
 * Answers the questions of a server. The password is the answer to one hidden question of a
 * connection: what is asked after it, or beside it, is something else, such as a code that is good
 * for one login.
 */
final class Prompts implements UserInteraction, PasswordAuthenticationReporter {
  /** The password of one connection, while it logs in. */
  private static final AttributeKey<String> PASSWORD = new AttributeKey<>();

  /** Whether the password of a connection has been an answer, or a part of the login. */
  private static final AttributeKey<Boolean> GIVEN = new AttributeKey<>();

  /** The questions that got no answer. */
  private static final AttributeKey<String> UNANSWERED = new AttributeKey<>();

  private static final int MAX_SHOWN = 60;

  /** Makes a client answer the questions of servers in this way. */
  static void set(SshClient client) {
    Prompts prompts = new Prompts();
    client.setUserInteraction(prompts);
    client.setPasswordAuthenticationReporter(prompts);
  }

  /** Makes the way to log in by answers. */
  static UserAuthKeyboardInteractiveFactory factory() {
    return new UserAuthKeyboardInteractiveFactory() {
      @Override
      public UserAuthKeyboardInteractive createUserAuth(ClientSession session) {
        return new UserAuthKeyboardInteractive() {
          @Override
          protected boolean useCurrentPassword(
              ClientSession session,
              String password,
              String name,
              String instruction,
              String lang,
              String[] prompt,
              boolean[] echo) {
            // The library goes by the words of the question, and knows nothing of earlier ones.
            return false;
          }
        };
      }
    };
  }

  /** Lends a connection its password. */
  static void begin(ClientSession session, String password) {
    session.setAttribute(PASSWORD, password);
  }

  /** Takes the password back. */
  static void end(ClientSession session) {
    session.removeAttribute(PASSWORD);
  }

  /**
   * What a server has asked for in vain.
   *
   * @return with a colon before it; empty for nothing
   */
  static String unanswered(ClientSession session) {
    String what = session.getAttribute(UNANSWERED);
    return what == null ? "" : ": " + what;
  }

  @Override
  public boolean isInteractionAllowed(ClientSession session) {
    return session.getAttribute(PASSWORD) != null;
  }

  @Override
  public String @Nullable [] interactive(
      ClientSession session,
      String name,
      String instruction,
      String lang,
      String[] prompt,
      boolean[] echo) {
    String[] answers = new String[prompt.length];
    Arrays.fill(answers, "");
    int hidden = -1;
    int count = 0;
    for (int i = 0; i < prompt.length; i++) {
      if (!echo[i]) {
        hidden = i;
        count++;
      }
    }
    String password = session.getAttribute(PASSWORD);
    if (count == 0) {
      return answers;
    }
    boolean given = Boolean.TRUE.equals(session.getAttribute(GIVEN));
    if (count > 1 || given || password == null) {
      session.setAttribute(
          UNANSWERED,
          (count > 1
                  ? "the server asks " + count + " hidden questions at once, the last is '"
                  : "the server asks for more than the password, by '")
              + Untrusted.shown(prompt[hidden], MAX_SHOWN)
              + "', which cannot be answered");
      return null;
    }
    session.setAttribute(GIVEN, true);
    answers[hidden] = password;
    return answers;
  }

  @Override
  public void signalAuthenticationFailure(
      ClientSession session,
      String service,
      String password,
      boolean partial,
      List<String> serverMethods) {
    if (partial) {
      session.setAttribute(GIVEN, true);
    }
  }

  @Override
  public @Nullable String getUpdatedPassword(ClientSession session, String prompt, String lang) {
    return null;
  }
}
