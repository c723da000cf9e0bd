// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.server;

import io.penstock.spi.Messages;
import io.penstock.ssh.SshLogin;
import io.penstock.ssh.SshLogin.Method;
import io.penstock.ssh.SshPolicy;
import io.penstock.ssh.SshPrompt;
import io.penstock.ssh.impl.Fingerprint;
import io.penstock.ssh.impl.Untrusted;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.PublicKey;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Supplier;
import org.apache.sshd.common.AttributeRepository.AttributeKey;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.session.SessionListener;
import org.apache.sshd.server.auth.AsyncAuthException;
import org.apache.sshd.server.auth.UserAuthFactory;
import org.apache.sshd.server.auth.keyboard.InteractiveChallenge;
import org.apache.sshd.server.auth.keyboard.KeyboardInteractiveAuthenticator;
import org.apache.sshd.server.auth.keyboard.UserAuthKeyboardInteractiveFactory;
import org.apache.sshd.server.auth.password.PasswordAuthenticator;
import org.apache.sshd.server.auth.password.UserAuthPasswordFactory;
import org.apache.sshd.server.auth.pubkey.PublickeyAuthenticator;
import org.apache.sshd.server.auth.pubkey.UserAuthPublicKeyFactory;
import org.apache.sshd.server.session.ServerSession;
import org.jspecify.annotations.Nullable;

/**
 * Decides which clients may log in: users by name, keys by file, and a policy that has the last
 * word.
 */
final class Logins
    implements PublickeyAuthenticator,
        PasswordAuthenticator,
        KeyboardInteractiveAuthenticator,
        SessionListener {
  private static final Logger LOG = Messages.log("ssh.server");

  /** The user that the client wants to log in as. */
  private static final AttributeKey<String> USER = new AttributeKey<>();

  /** The proof that the client has shown; the last one counts. */
  private static final AttributeKey<String> SHOWN = new AttributeKey<>();

  private final String name;
  private final ServerOptions options;
  private final @Nullable AuthorizedKeys keys;
  private final @Nullable Supplier<@Nullable SshPolicy> policy;
  private final Executor executor;

  /**
   * Those of a listener.
   *
   * @param name the listener's, for logs
   * @param keys null if there is no file
   * @param policy finds the policy that is named, or null while it is not there; null if none is
   * @param executor where passwords and answers are checked, which may take its time
   */
  Logins(
      String name,
      ServerOptions options,
      @Nullable AuthorizedKeys keys,
      @Nullable Supplier<@Nullable SshPolicy> policy,
      Executor executor) {
    this.name = name;
    this.options = options;
    this.keys = keys;
    this.policy = policy;
    this.executor = executor;
  }

  // ---- what is offered

  /** Each connection offers what the policy has at that time. */
  @Override
  public void sessionCreated(Session session) {
    if (session instanceof ServerSession server) {
      server.setUserAuthFactories(methods().stream().map(Logins::factory).toList());
    }
  }

  @Override
  public void sessionEvent(Session session, Event event) {
    if (event == Event.Authenticated) {
      LOG.log(
          Level.INFO,
          "{0}: {1} has logged in with {2}",
          name,
          who(session),
          session.getAttribute(SHOWN));
    }
  }

  @Override
  public void sessionClosed(Session session) {
    boolean unwanted = session instanceof AcceptedSession accepted && accepted.isUnwanted();
    if (!session.isAuthenticated() && !unwanted) {
      LOG.log(Level.INFO, "{0}: {1} has gone without having logged in", name, who(session));
    }
  }

  private static String who(Session session) {
    String user = session.getAttribute(USER);
    return (user == null ? "somebody" : Untrusted.shown(user))
        + " from "
        + SshListener.shown(session.getRemoteAddress());
  }

  private static void letIn(Session session, KeyOptions options, String shown) {
    session.setAttribute(SHOWN, shown);
    Permissions.loggedInBy(session, options);
  }

  private Set<Method> methods() {
    Set<Method> offered = EnumSet.noneOf(Method.class);
    SshPolicy present = policy == null ? null : policy.get();
    if (present != null) {
      try {
        offered.addAll(present.methods());
      } catch (RuntimeException e) {
        LOG.log(Level.WARNING, "{0}: the policy has failed", name, e);
      }
    }
    if (offered.isEmpty()) {
      // Something has to be offered to be refused.
      offered.add(Method.PUBLIC_KEY);
    }
    return offered;
  }

  private static UserAuthFactory factory(Method method) {
    return switch (method) {
      case PUBLIC_KEY -> UserAuthPublicKeyFactory.INSTANCE;
      case PASSWORD -> UserAuthPasswordFactory.INSTANCE;
      case KEYBOARD_INTERACTIVE -> UserAuthKeyboardInteractiveFactory.INSTANCE;
    };
  }

  // ---- which clients are let in

  private boolean isUser(Session session, String user) {
    session.setAttribute(USER, user);
    if (options.users().isEmpty() || options.users().contains(user)) {
      return true;
    }
    LOG.log(Level.INFO, "{0}: the user ''{1}'' is not one of users", name, Untrusted.shown(user));
    return false;
  }

  /**
   * Asked before the client has shown that it has the private key, and again then; so never to be
   * answered later, which the library would take for the whole of it.
   */
  @Override
  public boolean authenticate(String user, PublicKey offered, ServerSession session) {
    if (!isUser(session, user)) {
      return false;
    }
    InetAddress peer =
        session.getRemoteAddress() instanceof InetSocketAddress inet ? inet.getAddress() : null;
    KeyOptions found = keys == null ? null : keys.find(offered, peer);
    SshLogin login = SshLogin.byKey(user, session.getRemoteAddress(), offered, found != null);
    boolean granted = policy == null ? found != null : asks(login);
    if (granted) {
      letIn(session, found == null ? KeyOptions.NONE : found, "the key " + Fingerprint.of(offered));
    }
    return granted;
  }

  @Override
  public boolean authenticate(String user, String password, ServerSession session) {
    throw later(session, Method.PASSWORD, user, List.of(password));
  }

  @Override
  public boolean authenticate(ServerSession session, String user, List<String> answers) {
    throw later(session, Method.KEYBOARD_INTERACTIVE, user, answers);
  }

  @Override
  public @Nullable InteractiveChallenge generateChallenge(
      ServerSession session, String user, String language, String subMethods) {
    SshPolicy present = policy == null ? null : policy.get();
    if (present == null || !isUser(session, user)) {
      return null;
    }
    SshLogin login =
        SshLogin.byAnswers(
            Method.KEYBOARD_INTERACTIVE, user, session.getRemoteAddress(), List.of());
    List<SshPrompt> prompts;
    try {
      prompts = new ArrayList<>(present.prompts(login));
    } catch (RuntimeException e) {
      logFailure(login, e);
      return null;
    }
    if (prompts.isEmpty()) {
      return null;
    }
    InteractiveChallenge challenge = new InteractiveChallenge();
    challenge.setInteractionName("");
    challenge.setInteractionInstruction("");
    challenge.setLanguageTag("");
    prompts.forEach(each -> challenge.addPrompt(each.text(), each.echo()));
    return challenge;
  }

  /** The answer comes when it is there: the thread that reads from the connection does not wait. */
  private AsyncAuthException later(
      ServerSession session, Method method, String user, List<String> answers) {
    AsyncAuthException answer = new AsyncAuthException();
    SshLogin login = SshLogin.byAnswers(method, user, session.getRemoteAddress(), answers);
    Runnable task =
        () -> {
          boolean granted = isUser(session, user) && asks(login);
          if (granted) {
            letIn(session, KeyOptions.NONE, method == Method.PASSWORD ? "a password" : "answers");
          }
          answer.setAuthed(granted);
        };
    try {
      executor.execute(task);
    } catch (RejectedExecutionException e) {
      // The product stops.
      answer.setAuthed(false);
    }
    return answer;
  }

  private boolean asks(SshLogin login) {
    SshPolicy present = policy == null ? null : policy.get();
    if (present == null) {
      LOG.log(
          Level.WARNING,
          "{0}: the {1} is refused, because there is no policy ''{2}''",
          name,
          Untrusted.shown(login),
          options.policy().orElse(""));
      return false;
    }
    try {
      return present.login(login);
    } catch (RuntimeException | Error e) {
      logFailure(login, e);
      return false;
    }
  }

  private void logFailure(SshLogin login, Throwable e) {
    LOG.log(
        Level.WARNING,
        name + ": refused, because the policy has failed: " + Untrusted.shown(login),
        e);
  }
}
