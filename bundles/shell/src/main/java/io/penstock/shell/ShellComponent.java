// SPDX-License-Identifier: Apache-2.0
package io.penstock.shell;

import io.penstock.channel.Channel;
import io.penstock.channel.Listener;
import io.penstock.channel.facet.CallerFacet;
import io.penstock.spi.LogField;
import io.penstock.spi.Messages;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.felix.service.command.CommandProcessor;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

/**
 * Gives each peer of a listener a shell, while there are the listener and the command processor.
 * Only for listeners whose peers log in and ask for a program.
 */
@Component(
    name = ShellComponent.PID,
    service = {},
    immediate = true,
    configurationPid = ShellComponent.PID,
    configurationPolicy = ConfigurationPolicy.REQUIRE)
@Designate(ocd = ShellComponent.Config.class, factory = true)
public final class ShellComponent {
  static final String PID = "io.penstock.Shell";

  private static final Logger LOG = Messages.log("shell");

  /** The keys. */
  @ObjectClassDefinition(
      name = "Penstock: remote shell",
      description =
          "Gives each user that logs in at a listener, as over SSH, the container's shell, with all"
              + " that an administrator can do there.")
  @interface Config {
    /** Listener. */
    @AttributeDefinition(
        required = false,
        name = "Listener",
        description =
            "Which Listener service users log in at, such as one of ssh-listen. A filter, such as"
                + " (penstock.name=shell).")
    String listener_target() default "(penstock.name=shell)";
  }

  private final Listener listener;
  private final Commands commands;
  private final Set<Visit> visits = ConcurrentHashMap.newKeySet();
  private final CountDownLatch stopped = new CountDownLatch(1);
  private final Thread acceptor;

  /**
   * Begins to accept.
   *
   * @param context tells the properties that the shell asks for
   * @param listener at which peers arrive
   * @param processor runs commands
   */
  @Activate
  public ShellComponent(
      BundleContext context,
      @Reference(name = "listener", target = "(penstock.name=shell)") Listener listener,
      @Reference CommandProcessor processor) {
    this.listener = listener;
    this.commands = new Commands(processor, context::getProperty);
    this.commands.provide(context);
    this.acceptor = new Thread(this::accept, "penstock-shell-accept");
    acceptor.setDaemon(true);
    acceptor.start();
    LOG.log(Level.INFO, "the shell is at {0}", LogField.endpoint(listener.endpoint().anonymous()));
  }

  private void accept() {
    while (stopped.getCount() > 0) {
      try {
        welcome(listener.accept(Wait.forever()));
      } catch (IOException | RuntimeException | Error e) {
        if (stopped.getCount() == 0 || !listener.isOpen()) {
          return;
        }
        LOG.log(Level.WARNING, "{0}: nobody could be accepted for the shell", listener.name(), e);
        pause();
      }
    }
  }

  private void pause() {
    try {
      boolean unused = stopped.await(1, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      stopped.countDown();
    }
  }

  private void welcome(Channel channel) {
    CallerFacet caller = channel.facet(CallerFacet.class).orElse(null);
    if (caller == null) {
      LOG.log(
          Level.ERROR,
          "{0}: nobody gets a shell at {1}, because its peers do not log in; use ssh-listen:",
          PID,
          LogField.endpoint(listener.endpoint().anonymous()));
      channel.abort(new IOException("there is no shell for peers that do not log in"));
      return;
    }
    Visit visit = new Visit(channel, caller, commands, visits::remove);
    visits.add(visit);
    if (stopped.getCount() == 0) {
      visit.cut();
    }
    try {
      visit.start();
    } catch (RuntimeException | Error e) {
      // Such as no thread: this peer is told, the next may find one.
      visits.remove(visit);
      visit.cut();
      throw e;
    }
  }

  /** Ends all sessions. The listener has another owner, and stays open. */
  @Deactivate
  void deactivate() {
    stopped.countDown();
    acceptor.interrupt();
    visits.forEach(Visit::cut);
    commands.withdraw();
  }
}
